/// An HTTP/2 frame as it is on the wire. Written apart from the product: it must be able to say what is wrong, too.
/// RFC 9113, section 4.1.
public struct Frame: Sendable, CustomStringConvertible {
  public enum Kind: UInt8, Sendable {
    case data, headers, priority, rstStream, settings, pushPromise, ping, goAway, windowUpdate, continuation, unknown = 0xff
  }

  public static let endStream: UInt8 = 0x1
  public static let ack: UInt8 = 0x1
  public static let endHeaders: UInt8 = 0x4
  public static let padded: UInt8 = 0x8

  public var type: UInt8
  public var flags: UInt8
  public var stream: UInt32
  public var payload: [UInt8]
  /// The decoded fields of a HEADERS frame that was received.
  public var fields: [HeaderField] = []

  public init(_ kind: Kind, flags: UInt8 = 0, stream: UInt32 = 0, _ payload: [UInt8] = []) {
    self.init(type: kind.rawValue, flags: flags, stream: stream, payload)
  }

  public init(type: UInt8, flags: UInt8 = 0, stream: UInt32 = 0, _ payload: [UInt8] = []) {
    self.type = type
    self.flags = flags
    self.stream = stream
    self.payload = payload
  }

  public var kind: Kind { Kind(rawValue: type) ?? .unknown }
  public func has(_ flag: UInt8) -> Bool { flags & flag != 0 }
  public var isEnd: Bool { (kind == .data || kind == .headers) && has(Self.endStream) }

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

  public var description: String { "\(kind)(stream \(stream), flags \(flags), \(payload.count) bytes, \(fields))" }

  // MARK: The usual ones

  public static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

  public static func settings(_ values: [(id: UInt16, value: UInt32)] = []) -> Frame {
    Frame(.settings, values.flatMap { bigEndian(UInt32($0.id)).dropFirst(2) + bigEndian($0.value) })
  }

  public static let settingsAck = Frame(.settings, flags: ack)

  public static func headers(_ stream: UInt32, _ fields: [HeaderField], end: Bool = false) -> Frame {
    Frame(.headers, flags: endHeaders | (end ? endStream : 0), stream: stream, HeaderEncoder.encode(fields))
  }

  public static func data(_ stream: UInt32, _ bytes: [UInt8], end: Bool = false) -> Frame {
    Frame(.data, flags: end ? endStream : 0, stream: stream, bytes)
  }

  /// DATA with padding, whose length byte and padding count against the window as well.
  public static func data(_ stream: UInt32, _ bytes: [UInt8], padding: UInt8, end: Bool = false) -> Frame {
    Frame(
      .data, flags: padded | (end ? endStream : 0), stream: stream,
      [padding] + bytes + Array(repeating: 0, count: Int(padding)))
  }

  public static func reset(_ stream: UInt32, _ code: UInt32) -> Frame {
    Frame(.rstStream, stream: stream, bigEndian(code))
  }

  public static func ping(_ number: UInt64) -> Frame {
    Frame(.ping, bigEndian(UInt32(number >> 32)) + bigEndian(UInt32(truncatingIfNeeded: number)))
  }

  public static func windowUpdate(_ stream: UInt32, _ increment: UInt32) -> Frame {
    Frame(.windowUpdate, stream: stream, bigEndian(increment))
  }

  public static func goAway(last: UInt32, _ code: UInt32) -> Frame { Frame(.goAway, bigEndian(last) + bigEndian(code)) }
}

public func bigEndian(_ number: UInt32) -> [UInt8] { withUnsafeBytes(of: number.bigEndian, Array.init) }

/// A gRPC message with its five bytes of prefix.
public func grpcFrame(_ message: [UInt8], flag: UInt8 = 0) -> [UInt8] {
  [flag] + bigEndian(UInt32(message.count)) + message
}
