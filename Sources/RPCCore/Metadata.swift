internal import Primitives

/// Metadata of a call: an ordered list of entries. An entry's value is text, or bytes if its name ends in `-bin`.
/// Several entries may have the same name. https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
public struct Metadata: Sendable, Hashable, RandomAccessCollection, ExpressibleByDictionaryLiteral {
  /// The value of an entry.
  public enum FieldValue: Sendable, Hashable {
    /// Printable ASCII, without leading or trailing spaces.
    case text(String)
    /// Any bytes. They are sent as base64.
    case bytes([UInt8])
  }

  /// A name and its value.
  public struct Entry: Sendable, Hashable {
    /// The name, in lower case.
    public let name: String
    /// Text, or bytes if the name ends in `-bin`.
    public let value: FieldValue
  }

  private var entries: [Entry] = []

  /// No entries.
  public init() {}

  /// Adds the entries in order. Leaves out those that `add` would refuse.
  public init(dictionaryLiteral elements: (String, String)...) {
    for (name, value) in elements { add(name, value) }
  }

  /// 0, as in an array.
  public var startIndex: Int { entries.startIndex }
  /// The number of entries, as in an array.
  public var endIndex: Int { entries.endIndex }
  /// The entry at a position, in the order in which they were added or received.
  public subscript(position: Int) -> Entry { entries[position] }

  /// Adds a text entry.
  /// - Returns: false if it adds nothing: the name is not a valid metadata name, is reserved (begins with `grpc-` or
  ///   `:`, or belongs to HTTP/2) or ends in `-bin`, or the value is not printable ASCII.
  @discardableResult
  public mutating func add(_ name: String, _ value: String) -> Bool {
    let name = name.lowercased()
    guard Self.isName(name), !Self.isReserved(name), !name.hasSuffix("-bin"), Self.isText(value) else { return false }
    entries.append(Entry(name: name, value: .text(value)))
    return true
  }

  /// Adds a binary entry.
  /// - Returns: false if it adds nothing: the name does not end in `-bin`, is not a valid metadata name or is reserved.
  @discardableResult
  public mutating func add(_ name: String, bytes: [UInt8]) -> Bool {
    let name = name.lowercased()
    guard Self.isName(name), !Self.isReserved(name), name.hasSuffix("-bin") else { return false }
    entries.append(Entry(name: name, value: .bytes(bytes)))
    return true
  }

  /// Appends the other's entries. A name that both have keeps all its values.
  public mutating func append(contentsOf other: Metadata) { entries.append(contentsOf: other.entries) }

  /// Removes all entries with a name. The case of names does not matter, here and below.
  public mutating func removeAll(named name: String) {
    let name = name.lowercased()
    entries.removeAll { $0.name == name }
  }

  /// The first text value of a name; nil if there is none.
  public func text(_ name: String) -> String? {
    let name = name.lowercased()
    for entry in entries where entry.name == name {
      if case .text(let text) = entry.value { return text }
    }
    return nil
  }

  /// All text values of a name, in order.
  public func texts(_ name: String) -> [String] {
    let name = name.lowercased()
    return entries.compactMap { entry in
      if entry.name == name, case .text(let text) = entry.value { text } else { nil }
    }
  }

  /// All binary values of a name, which ends in `-bin`, in order.
  public func bytes(_ name: String) -> [[UInt8]] {
    let name = name.lowercased()
    return entries.compactMap { entry in
      if entry.name == name, case .bytes(let bytes) = entry.value { bytes } else { nil }
    }
  }

  // MARK: From and to the wire

  /// Adds a header field that was received. A `-bin` value is a comma-separated list of base64 values, with or without
  /// padding; parts that are not base64 are dropped. So are fields with reserved names.
  package mutating func addReceived(name: String, value: UnsafeRawBufferPointer) {
    guard !Self.isReserved(name) else { return }
    if name.hasSuffix("-bin") {
      for part in value.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
        if let bytes = Base64.decode(UnsafeRawBufferPointer(rebasing: part)) {
          entries.append(Entry(name: name, value: .bytes(bytes)))
        }
      }
    } else {
      entries.append(Entry(name: name, value: .text(String(decoding: value, as: UTF8.self))))
    }
  }

  /// An entry's value on the wire.
  package static func wireValue(_ value: FieldValue) -> [UInt8] {
    switch value {
    case .text(let text): Array(text.utf8)
    case .bytes(let bytes): Base64.encode(bytes)
    }
  }

  private static func isName(_ name: String) -> Bool {
    !name.isEmpty
      && name.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"),
          UInt8(ascii: "-"), UInt8(ascii: "."):
          true
        default: false
        }
      }
  }

  /// Names that gRPC and HTTP/2 reserve.
  private static func isReserved(_ name: String) -> Bool {
    if name.hasPrefix(":") || name.hasPrefix("grpc-") { return true }
    switch name {
    case "content-type", "te", "connection", "host", "transfer-encoding", "upgrade", "keep-alive", "proxy-connection":
      return true
    default: return false
    }
  }

  private static func isText(_ value: String) -> Bool {
    value.utf8.allSatisfy { (0x20...0x7e).contains($0) } && value.first != " " && value.last != " "
  }
}
