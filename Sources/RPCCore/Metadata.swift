internal import Primitives

/// Metadata of a call: an ordered list of names, each with text or, if it ends in `-bin`, bytes. A name may stand there
/// more than once. https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
public struct Metadata: Sendable, Hashable, RandomAccessCollection, ExpressibleByDictionaryLiteral {
  /// What stands behind a name.
  public enum FieldValue: Sendable, Hashable {
    /// Printable ASCII, without leading or trailing spaces.
    case text(String)
    /// Any bytes; they travel in base64.
    case bytes([UInt8])
  }

  /// A name and its value.
  public struct Entry: Sendable, Hashable {
    /// Lower case.
    public let name: String
    /// Text, or bytes if the name ends in `-bin`.
    public let value: FieldValue
  }

  private var entries: [Entry] = []

  /// No entries.
  public init() {}

  /// Entries that may not be sent are left out, as with `add`.
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
  /// - Returns: false, and nothing is added, if the name is not a metadata name, is reserved (begins with `grpc-` or
  ///   `:`, or belongs to HTTP/2), ends in `-bin`, or the value is not printable ASCII.
  @discardableResult
  public mutating func add(_ name: String, _ value: String) -> Bool {
    let name = name.lowercased()
    guard Self.isName(name), !Self.isReserved(name), !name.hasSuffix("-bin"), Self.isText(value) else { return false }
    entries.append(Entry(name: name, value: .text(value)))
    return true
  }

  /// Adds a binary entry. The name must end in `-bin`; else, or if it is reserved, nothing is added and it returns
  /// false.
  @discardableResult
  public mutating func add(_ name: String, bytes: [UInt8]) -> Bool {
    let name = name.lowercased()
    guard Self.isName(name), !Self.isReserved(name), name.hasSuffix("-bin") else { return false }
    entries.append(Entry(name: name, value: .bytes(bytes)))
    return true
  }

  /// Adds the other's entries behind these. Names that both have keep all values.
  public mutating func append(contentsOf other: Metadata) { entries.append(contentsOf: other.entries) }

  /// Removes all entries of a name, whose case does not matter.
  public mutating func removeAll(named name: String) {
    let name = name.lowercased()
    entries.removeAll { $0.name == name }
  }

  /// The first text of a name, whose case does not matter; nor does it below.
  public func text(_ name: String) -> String? {
    let name = name.lowercased()
    for entry in entries where entry.name == name {
      if case .text(let text) = entry.value { return text }
    }
    return nil
  }

  /// All texts of a name.
  public func texts(_ name: String) -> [String] {
    let name = name.lowercased()
    return entries.compactMap { entry in
      if entry.name == name, case .text(let text) = entry.value { text } else { nil }
    }
  }

  /// All byte values of a name that ends in `-bin`.
  public func bytes(_ name: String) -> [[UInt8]] {
    let name = name.lowercased()
    return entries.compactMap { entry in
      if entry.name == name, case .bytes(let bytes) = entry.value { bytes } else { nil }
    }
  }

  // MARK: From and to the wire

  /// Adds a header field as it came. A `-bin` value is a comma-joined list of base64, padded or not; a part that is not
  /// base64 is dropped, as are reserved names.
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

  /// An entry's value as it is sent.
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

  /// Names that gRPC and HTTP/2 keep for themselves.
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
