/// Reads the answers of name servers. Pure. https://www.rfc-editor.org/rfc/rfc1035#section-4
enum DNSAnswer {
  private static let text: UInt16 = 16
  private static let headerLength = 12

  /// The texts of the TXT records: each the strings of one record, put together.
  /// - Returns: nil if the message is malformed, or was cut off.
  static func texts(_ message: [UInt8]) -> [String]? {
    var reader = Reader(bytes: message[...])
    guard let header = reader.take(headerLength) else { return nil }
    let head = Array(header)
    // TC: the rest did not fit.
    guard head[2] & 2 == 0 else { return nil }
    let (questions, answers) = (Int(head[4]) << 8 | Int(head[5]), Int(head[6]) << 8 | Int(head[7]))
    for _ in 0..<questions {
      guard reader.skipName(), reader.take(4) != nil else { return nil }
    }
    var texts: [String] = []
    for _ in 0..<answers {
      guard reader.skipName(), let type = reader.number(), reader.take(6) != nil, let length = reader.number(),
        let content = reader.take(Int(length))
      else { return nil }
      guard type == text else { continue }
      var strings = Reader(bytes: content)
      var bytes: [UInt8] = []
      while let length = strings.byte() {
        guard let string = strings.take(Int(length)) else { return nil }
        bytes += string
      }
      texts.append(String(decoding: bytes, as: UTF8.self))
    }
    return texts
  }

  private struct Reader {
    var bytes: ArraySlice<UInt8>

    mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
      guard bytes.count >= count else { return nil }
      defer { bytes = bytes.dropFirst(count) }
      return bytes.prefix(count)
    }

    mutating func byte() -> UInt8? { bytes.popFirst() }

    mutating func number() -> UInt16? {
      guard let bytes = take(2) else { return nil }
      return bytes.reduce(0) { $0 << 8 | UInt16($1) }
    }

    /// Labels, and perhaps a pointer to further ones, which need not be followed.
    mutating func skipName() -> Bool {
      while let length = byte() {
        if length == 0 { return true }
        if length & 0xc0 == 0xc0 { return byte() != nil }
        guard length & 0xc0 == 0, take(Int(length)) != nil else { return false }
      }
      return false
    }
  }
}
