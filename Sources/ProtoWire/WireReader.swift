/// Reads the fields of a message. Generated code calls it; see `WireMessage.decodeFields(from:)`.
///
/// The loop of a message is: `nextTag`, a switch over the tags that it knows, and `readUnknown` for all others. A
/// reader can't be made, copied or stored outside this module, so that it never outlives the bytes it reads.
///
/// ```swift
/// while true {
///   switch try reader.nextTag() {
///   case 0: return
///   case 0x08: x = try reader.read(WireInt32.self)
///   case let tag: if try reader.readUnknown(tag, into: &unknownFields) { return }
///   }
/// }
/// ```
@frozen
public struct WireReader: ~Copyable {
  @usableFromInline var cursor: WireCursor
  /// Where the tag of the current field begins.
  @usableFromInline var fieldStart: UnsafeRawPointer
  /// The end tag of the current group; 0 outside groups.
  @usableFromInline var groupEnd: UInt32
  @usableFromInline var depthLeft: Int
  @usableFromInline let discardsUnknownFields: Bool

  @inlinable
  init(_ cursor: WireCursor, options: WireDecodingOptions) {
    self.cursor = cursor
    fieldStart = cursor.position
    groupEnd = 0
    depthLeft = options.depthLimit
    discardsUnknownFields = options.discardsUnknownFields
  }

  // MARK: Tags

  /// The tag of the next field; 0 at the end of the message.
  ///
  /// ```swift
  /// let tag = try reader.nextTag()  // 0x08: field 1, a varint
  /// ```
  @inlinable @inline(__always)
  public mutating func nextTag() throws(WireError) -> UInt32 {
    guard cursor.position < cursor.end else { return 0 }
    fieldStart = cursor.position
    let first = cursor.position.load(as: UInt8.self)
    // Field numbers up to 15. The slow path refuses 0, which here means the end; `readUnknown` the rest of number 0.
    if first &- 1 < 0x7f {
      cursor.position += 1
      return UInt32(first)
    }
    return try longTag()
  }

  @usableFromInline @inline(never)
  mutating func longTag() throws(WireError) -> UInt32 {
    try cursor.tag()
  }

  /// The number of the field that is being read; 0 if its tag is malformed. For errors.
  @usableFromInline
  var currentFieldNumber: UInt32 {
    var field = WireCursor(position: fieldStart, end: cursor.end)
    guard let tag = try? field.tag() else { return 0 }
    return WireTag.fieldNumber(of: tag)
  }

  // MARK: Messages

  /// A message with its length before it, merged into `message`.
  ///
  /// ```swift
  /// var point = Point()
  /// try reader.readMessage(into: &point)
  /// body = .point(point)
  /// ```
  @inlinable
  public mutating func readMessage<M: WireMessage>(into message: inout M) throws(WireError) {
    let length = try cursor.length()
    let outerEnd = cursor.end
    let outerGroup = groupEnd
    let outerField = fieldStart
    guard depthLeft > 0 else { throw WireError(.depthExceeded) }
    depthLeft &-= 1
    cursor.end = cursor.position + length
    groupEnd = 0
    do {
      try message.decodeFields(from: &self)
    } catch {
      let inner = error.located(in: M.self, field: currentFieldNumber)
      fieldStart = outerField
      cursor.end = outerEnd
      throw inner
    }
    depthLeft &+= 1
    cursor.end = outerEnd
    groupEnd = outerGroup
  }

  /// A message with its length before it, merged into the field's value.
  ///
  /// ```swift
  /// try reader.readMessage(into: &outline)
  /// ```
  @inlinable
  public mutating func readMessage<M: WireMessage>(into message: inout M?) throws(WireError) {
    if message == nil {
      var new = M()
      try readMessage(into: &new)
      message = consume new
    } else {
      var merged = message ?? M()
      message = nil  // so that `merged` is the only reference to its contents
      try readMessage(into: &merged)
      message = consume merged
    }
  }

  /// One element of a repeated message field.
  ///
  /// ```swift
  /// try reader.readMessage(appendingTo: &parts)
  /// ```
  @inlinable
  public mutating func readMessage<M: WireMessage>(
    appendingTo messages: inout [M]
  ) throws(WireError) {
    var new = M()
    let field = fieldStart
    try readMessage(into: &new)
    fieldStart = field
    if messages.isEmpty { messages.reserveCapacity(runLength()) }
    messages.append(consume new)
  }

  // MARK: Groups

  /// The fields of a group up to its end tag, merged into `message`.
  /// <https://protobuf.dev/programming-guides/encoding/#groups>
  ///
  /// ```swift
  /// var point = Point()
  /// try reader.readGroup(into: &point, number: 17)
  /// body = .corner(point)
  /// ```
  @inlinable
  public mutating func readGroup<M: WireMessage>(
    into message: inout M, number: UInt32
  ) throws(WireError) {
    let outerGroup = groupEnd
    let outerField = fieldStart
    guard depthLeft > 0 else { throw WireError(.depthExceeded) }
    depthLeft &-= 1
    groupEnd = WireTag.make(number, .endGroup)
    do {
      try message.decodeFields(from: &self)
    } catch {
      let inner = error.located(in: M.self, field: currentFieldNumber)
      fieldStart = outerField
      throw inner
    }
    // `readUnknown` clears it when it meets the end tag.
    guard groupEnd == 0 else { throw WireError(.unbalancedGroup) }
    depthLeft &+= 1
    groupEnd = outerGroup
  }

  /// The fields of a group, merged into the field's value.
  ///
  /// ```swift
  /// try reader.readGroup(into: &origin, number: 7)
  /// ```
  @inlinable
  public mutating func readGroup<M: WireMessage>(
    into message: inout M?, number: UInt32
  ) throws(WireError) {
    var merged = message ?? M()
    message = nil
    try readGroup(into: &merged, number: number)
    message = consume merged
  }

  /// One element of a repeated group.
  ///
  /// ```swift
  /// try reader.readGroup(appendingTo: &holes, number: 8)
  /// ```
  @inlinable
  public mutating func readGroup<M: WireMessage>(
    appendingTo messages: inout [M], number: UInt32
  ) throws(WireError) {
    var new = M()
    try readGroup(into: &new, number: number)
    messages.append(consume new)
  }
}
