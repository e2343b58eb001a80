/// An HTTP/2 frame as it is on the wire. Written apart from the product: it must be able to say what is wrong, too.
/// RFC 9113, section 4.1.
public struct Frame: Sendable, CustomStringConvertible {
  /// The frame types of RFC 9113, section 6, numbered as there; `unknown` is any other.
  public enum Kind: UInt8, Sendable {
    case data, headers, priority, rstStream, settings, pushPromise, ping, goAway, windowUpdate, continuation, unknown =
      0xff
  }

  /// END_STREAM, of DATA and HEADERS.
  public static let endStream: UInt8 = 0x1
  /// ACK, of SETTINGS and PING.
  public static let ack: UInt8 = 0x1
  /// END_HEADERS, of HEADERS and CONTINUATION.
  public static let endHeaders: UInt8 = 0x4
  /// PADDED, of DATA and HEADERS.
  public static let padded: UInt8 = 0x8

  /// The type's number, known or not.
  public var type: UInt8
  /// The flags, as bits.
  public var flags: UInt8
  /// The stream identifier; 0 is the connection.
  public var stream: UInt32
  /// The bytes behind the nine of the frame header.
  public var payload: [UInt8]
  /// The decoded fields of a HEADERS frame that was received.
  public var fields: [HeaderField] = []

  /// A frame of a known type; nothing checks whether it is legal.
  public init(_ kind: Kind, flags: UInt8 = 0, stream: UInt32 = 0, _ payload: [UInt8] = []) {
    self.init(type: kind.rawValue, flags: flags, stream: stream, payload)
  }

  /// A frame of any type; nothing checks whether it is legal.
  public init(type: UInt8, flags: UInt8 = 0, stream: UInt32 = 0, _ payload: [UInt8] = []) {
    self.type = type
    self.flags = flags
    self.stream = stream
    self.payload = payload
  }

  /// What the type's number means.
  public var kind: Kind { Kind(rawValue: type) ?? .unknown }
  /// Whether a flag is set.
  public func has(_ flag: UInt8) -> Bool { flags & flag != 0 }
  /// Whether the sender's half of the stream ends with it.
  public var isEnd: Bool { (kind == .data || kind == .headers) && has(Self.endStream) }

  /// The frame as it is sent.
  public var bytes: [UInt8] { bytes(declaringLength: payload.count) }

  /// The frame with another length than it has.
  public func bytes(declaringLength length: Int) -> [UInt8] {
    bigEndian(UInt32(length)).dropFirst() + [type, flags] + bigEndian(stream) + payload
  }

  /// The 32-bit number at a place of the payload; 0 if there is none.
  public func number(at offset: Int = 0) -> UInt32 {
    guard payload.count >= offset + 4 else { return 0 }
    return payload[offset..<(offset + 4)].reduce(0) { $0 << 8 | UInt32($1) }
  }

  /// A field's value.
  public func field(_ name: String) -> String? { fields.first { $0.name == name }?.value }

  /// What a failed test prints.
  public var description: String { "\(kind)(stream \(stream), flags \(flags), \(payload.count) bytes, \(fields))" }

  // MARK: The usual ones

  /// The client connection preface. RFC 9113, section 3.4.
  public static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

  /// SETTINGS with these values.
  public static func settings(_ values: [(id: UInt16, value: UInt32)] = []) -> Frame {
    Frame(.settings, values.flatMap { bigEndian(UInt32($0.id)).dropFirst(2) + bigEndian($0.value) })
  }

  /// The acknowledgement of the peer's SETTINGS.
  public static let settingsAck = Frame(.settings, flags: ack)

  /// A whole header section in one HEADERS frame.
  public static func headers(_ stream: UInt32, _ fields: [HeaderField], end: Bool = false) -> Frame {
    Frame(.headers, flags: endHeaders | (end ? endStream : 0), stream: stream, HeaderEncoder.encode(fields))
  }

  /// DATA without padding.
  public static func data(_ stream: UInt32, _ bytes: [UInt8], end: Bool = false) -> Frame {
    Frame(.data, flags: end ? endStream : 0, stream: stream, bytes)
  }

  /// DATA with padding, whose length byte and padding count against the window as well.
  public static func data(_ stream: UInt32, _ bytes: [UInt8], padding: UInt8, end: Bool = false) -> Frame {
    Frame(
      .data, flags: padded | (end ? endStream : 0), stream: stream,
      [padding] + bytes + Array(repeating: 0, count: Int(padding)))
  }

  /// RST_STREAM with an error code.
  public static func reset(_ stream: UInt32, _ code: UInt32) -> Frame {
    Frame(.rstStream, stream: stream, bigEndian(code))
  }

  /// PING with a number as its eight bytes.
  public static func ping(_ number: UInt64) -> Frame {
    Frame(.ping, bigEndian(UInt32(number >> 32)) + bigEndian(UInt32(truncatingIfNeeded: number)))
  }

  /// WINDOW_UPDATE of a stream, or of the connection (0).
  public static func windowUpdate(_ stream: UInt32, _ increment: UInt32) -> Frame {
    Frame(.windowUpdate, stream: stream, bigEndian(increment))
  }

  /// GOAWAY, with debug data if any is given.
  public static func goAway(last: UInt32, _ code: UInt32, reason: String = "") -> Frame {
    Frame(.goAway, bigEndian(last) + bigEndian(code) + Array(reason.utf8))
  }
}

/// The four bytes of a number in network order.
public func bigEndian(_ number: UInt32) -> [UInt8] { withUnsafeBytes(of: number.bigEndian, Array.init) }

/// A gRPC message with its five bytes of prefix.
public func grpcFrame(_ message: [UInt8], flag: UInt8 = 0) -> [UInt8] {
  [flag] + bigEndian(UInt32(message.count)) + message
}
