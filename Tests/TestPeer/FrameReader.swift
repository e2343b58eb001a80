/// Cuts the bytes of a connection into frames and decodes their header blocks.
public struct FrameReader {
  /// The bytes are not HTTP/2.
  public enum Failure: Error {
    /// The server's frames can't be read.
    case damaged
  }

  private var bytes: [UInt8] = []
  private var open: Frame?
  private let decoder = HeaderDecoder()

  /// A reader at the start of a connection, behind the preface.
  public init() {}

  /// Adds bytes that came.
  public mutating func append(_ more: some Sequence<UInt8>) { bytes += more }

  /// The next whole frame; nil if there is none yet. CONTINUATION is joined to its HEADERS.
  public mutating func next() throws -> Frame? {
    while let frame = cut() {
      switch (open, frame.kind) {
      case (nil, .headers): open = frame
      case (nil, _): return frame
      case (.some(var headers), .continuation):
        headers.payload += frame.payload
        headers.flags |= frame.flags & Frame.endHeaders
        open = headers
      default: throw Failure.damaged
      }
      guard var headers = open, headers.has(Frame.endHeaders) else { continue }
      open = nil
      guard let fields = decoder.decode(headers.payload) else { throw Failure.damaged }
      headers.fields = fields
      return headers
    }
    return nil
  }

  private mutating func cut() -> Frame? {
    guard bytes.count >= 9 else { return nil }
    let end = 9 + bytes[..<3].reduce(0) { $0 << 8 | Int($1) }
    guard bytes.count >= end else { return nil }
    let stream = bytes[5..<9].reduce(0) { $0 << 8 | UInt32($1) } & 0x7fff_ffff
    defer { bytes.removeFirst(end) }
    return Frame(type: bytes[3], flags: bytes[4], stream: stream, Array(bytes[9..<end]))
  }
}
