/// Keeps an optional message behind a reference, so that a message type can contain itself. Copies share the memory
/// until one of them is changed.
///
/// ```swift
/// struct Node: WireMessage {
///   @Indirect var next: Node?
///   // …
/// }
/// ```
@propertyWrapper
@frozen
public struct Indirect<Value: WireMessage>: Sendable, Hashable {
  @usableFromInline
  final class Box: @unchecked Sendable {
    // Sendable: only `wrappedValue` changes it, and only while a single `Indirect` refers to it.
    @usableFromInline var value: Value

    @inlinable
    init(_ value: Value) {
      self.value = value
    }
  }

  @usableFromInline var box: Box?

  /// Boxes a message, or nil; the compiler calls it for `@Indirect var next: Node?`.
  @inlinable
  public init(wrappedValue: Value?) {
    box = wrappedValue.map(Box.init)
  }

  /// The message itself: what `node.next` reads and writes.
  ///
  /// ```swift
  /// var node = Node()
  /// node.next = Node()  // allocates
  /// let copy = node     // shares that memory
  /// ```
  @inlinable
  public var wrappedValue: Value? {
    get { box?.value }
    set {
      guard let newValue else {
        box = nil
        return
      }
      // Not bound to a name first: that would be a second reference.
      if isKnownUniquelyReferenced(&box) {
        box?.value = newValue
      } else {
        box = Box(newValue)
      }
    }
  }

  /// Compares the contents of the boxes; a box equals itself without a comparison.
  @inlinable
  public static func == (lhs: Self, rhs: Self) -> Bool {
    lhs.box === rhs.box || lhs.wrappedValue == rhs.wrappedValue
  }

  /// Hashes the content of the box, so that equal messages have equal hashes.
  @inlinable
  public func hash(into hasher: inout Hasher) {
    hasher.combine(wrappedValue)
  }
}
