/// The bytes that separate parts of HTTP/1.1, and those that targets and hosts are made of; `FieldSyntax` has names and
/// values. RFC 9112, section 3.2; RFC 3986, appendix A.
enum ByteClass {
  static let cr = UInt8(ascii: "\r")
  static let lf = UInt8(ascii: "\n")
  static let space = UInt8(ascii: " ")
  static let tab = UInt8(ascii: "\t")
  static let colon = UInt8(ascii: ":")

  private static let target: UInt8 = 1
  private static let host: UInt8 = 2

  private static let table: [UInt8] = {
    var table = [UInt8](repeating: 0, count: 256)
    // A fragment is never sent.
    for byte in 0x21...0x7e where byte != Int(UInt8(ascii: "#")) { table[byte] |= target }
    for byte in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789".utf8 { table[Int(byte)] |= host }
    // reg-name and IP-literal with a port, but without the comma by which an intermediary joins two fields.
    for byte in "-._~%!$&'()*+;=:[]".utf8 { table[Int(byte)] |= host }
    return table
  }()

  /// Visible ASCII, as a request's target has it.
  static func isTarget(_ bytes: UnsafeRawBufferPointer) -> Bool { !bytes.isEmpty && all(bytes, target) }

  /// A host and perhaps a port.
  static func isHost(_ bytes: UnsafeRawBufferPointer) -> Bool { all(bytes, host) }

  private static func all(_ bytes: UnsafeRawBufferPointer, _ wanted: UInt8) -> Bool {
    table.withUnsafeBufferPointer { table in bytes.allSatisfy { table[Int($0)] & wanted != 0 } }
  }
}

extension UnsafeRawBufferPointer {
  /// Whether the bytes are those of a constant in lower case, in whatever case they are.
  func equalsIgnoringCase(_ text: StaticString) -> Bool {
    guard count == text.utf8CodeUnitCount else { return false }
    let other = UnsafeRawBufferPointer(start: text.utf8Start, count: count)
    return indices.allSatisfy { self[$0].lowercased == other[$0] }
  }

  /// Without the spaces and tabs at both ends (OWS).
  var trimmed: UnsafeRawBufferPointer {
    var part = self[...]
    while let first = part.first, first == ByteClass.space || first == ByteClass.tab { part.removeFirst() }
    while let last = part.last, last == ByteClass.space || last == ByteClass.tab { part.removeLast() }
    return UnsafeRawBufferPointer(rebasing: part)
  }

  /// The members of a comma-separated list, without those that are empty. RFC 9110, section 5.6.1.
  func forEachMember(_ body: (UnsafeRawBufferPointer) -> Void) {
    for part in split(separator: UInt8(ascii: ",")) {
      let member = UnsafeRawBufferPointer(rebasing: part).trimmed
      if !member.isEmpty { body(member) }
    }
  }
}

extension UInt8 {
  /// ASCII in lower case; other bytes as they are.
  var lowercased: UInt8 { (0x41...0x5a).contains(self) ? self | 0x20 : self }
}
