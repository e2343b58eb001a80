/// The nine bytes that every frame begins with. RFC 9113, section 4.1.
struct FrameHead: Equatable {
  /// Bytes of the payload that follows.
  var length: Int
  var type: UInt8
  var flags: UInt8
  /// 0 is the connection.
  var stream: Int32
  /// In PRIORITY, the stream that `stream` depends on: the first four bytes of its payload. 0 in other frames.
  var dependency: Int32 = 0

  static let size = 9
  /// With the dependency.
  static let prioritySize = 13

  static let data: UInt8 = 0
  static let headers: UInt8 = 1
  static let priority: UInt8 = 2
  static let rstStream: UInt8 = 3
  static let continuation: UInt8 = 9

  var endsStream: Bool { flags & 1 != 0 }
  var hasDependency: Bool { type == Self.priority && length >= 4 }

  /// Reads a head, and a dependency where `hasDependency` says so: `bytes` has as many from `start` on.
  @inline(__always)
  init(_ bytes: UnsafeRawBufferPointer, at start: Int) {
    let first = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt64.self))
    length = Int(truncatingIfNeeded: first >> 40)
    type = UInt8(truncatingIfNeeded: first >> 32)
    flags = UInt8(truncatingIfNeeded: first >> 24)
    stream = Self.streamID(bytes, start + 5)
    if hasDependency { dependency = Self.streamID(bytes, start + 9) }
  }

  init(length: Int, type: UInt8, flags: UInt8 = 0, stream: Int32, dependency: Int32 = 0) {
    self.length = length
    self.type = type
    self.flags = flags
    self.stream = stream
    self.dependency = dependency
  }

  /// 31 bits; the first is reserved, or says that a dependency is exclusive.
  @inline(__always)
  private static func streamID(_ bytes: UnsafeRawBufferPointer, _ start: Int) -> Int32 {
    let word = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt32.self))
    return Int32(truncatingIfNeeded: word & 0x7fff_ffff)
  }
}
