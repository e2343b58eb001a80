/// The line before a chunk: its size in hexadecimal digits, and nothing else. Chunk extensions, which nobody sends but
/// to deceive, are refused. RFC 9112, section 7.1.
enum ChunkSize {
  /// The most bytes of the line: eight digits, since nobody sends more than 4 GiB in a chunk.
  static let longest = 8

  static let fault = HTTP1Fault.malformed("a chunk's size is not a hexadecimal number, or has an extension")
  static let endFault = HTTP1Fault.malformed("a chunk is longer than its size says")

  static func read(_ line: UnsafeRawBufferPointer) throws(HTTP1Fault) -> Int {
    guard !line.isEmpty, line.count <= longest else { throw fault }
    var size = 0
    for byte in line {
      guard let digit = digit(byte) else { throw fault }
      size = size << 4 | digit
    }
    return size
  }

  private static func digit(_ byte: UInt8) -> Int? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): Int(byte - UInt8(ascii: "a")) + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): Int(byte - UInt8(ascii: "A")) + 10
    default: nil
    }
  }
}
