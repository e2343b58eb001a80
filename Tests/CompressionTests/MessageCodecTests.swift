import Compression
import RPCCore
import Testing

@Suite struct MessageCodecTests {
  private static let real: [CompressionAlgorithm] = [.deflate, .gzip, .zstd]
  private let codec = MessageCodec()

  private func compress(_ bytes: [UInt8], _ algorithm: CompressionAlgorithm) throws -> [UInt8] {
    try bytes.withUnsafeBytes { try codec.withCompressed($0, algorithm) { Array($0) } }
  }

  private func decompress(
    _ bytes: [UInt8], _ algorithm: CompressionAlgorithm, limit: Int = 1 << 24
  ) throws -> [UInt8] {
    try bytes.withUnsafeBytes { try codec.withDecompressed($0, algorithm, limit: limit) { Array($0) } }
  }

  private func noise(_ count: Int) -> [UInt8] {
    var state: UInt64 = 0x9e37_79b9_7f4a_7c15
    return (0..<count).map { _ in
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return UInt8(truncatingIfNeeded: state)
    }
  }

  @Test(arguments: CompressionAlgorithm.allCases)
  func whatGoesInComesOut(algorithm: CompressionAlgorithm) throws {
    for count in [0, 1, 5, 4095, 4096, 4097, 100_000, 3_000_000] {
      for bytes in [[UInt8](repeating: 7, count: count), noise(count)] {
        #expect(try decompress(compress(bytes, algorithm), algorithm) == bytes)
      }
    }
  }

  @Test(arguments: real)
  func whatRepeatsGetsSmall(algorithm: CompressionAlgorithm) throws {
    #expect(try compress([UInt8](repeating: 0, count: 100_000), algorithm).count < 1000)
  }

  /// Formats, not only our own inverse: each begins as its RFC says.
  @Test func formatsAreThoseOfTheirRFCs() throws {
    let bytes = Array("hello hello hello".utf8)
    #expect(try compress(bytes, .gzip).starts(with: [0x1f, 0x8b, 8]))
    let zlib = try compress(bytes, .deflate)
    #expect(zlib[0] & 0x0f == 8 && (Int(zlib[0]) << 8 | Int(zlib[1])) % 31 == 0)
    #expect(try compress(bytes, .zstd).starts(with: [0x28, 0xb5, 0x2f, 0xfd]))
    // Python: gzip.compress(b"hello", mtime=0) and zlib.compress(b"hello").
    #expect(
      try decompress(
        [
          0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 0xff, 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 7, 0, 0x86, 0xa6, 0x10, 0x36, 5, 0, 0, 0,
        ], .gzip) == Array("hello".utf8))
    #expect(
      try decompress([0x78, 0x9c, 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 7, 0, 6, 0x2c, 2, 0x15], .deflate)
        == Array("hello".utf8))
  }

  @Test(arguments: real)
  func theLimitHoldsToTheByte(algorithm: CompressionAlgorithm) throws {
    for bytes in [[UInt8](repeating: 0, count: 50_000), noise(50_000)] {
      let message = try compress(bytes, algorithm)
      #expect(try decompress(message, algorithm, limit: 50_001).count == 50_000)
      #expect(try decompress(message, algorithm, limit: 50_000).count == 50_000)
      #expect(throws: CompressionError.tooLarge(limit: 49_999)) { try decompress(message, algorithm, limit: 49_999) }
      #expect(throws: CompressionError.tooLarge(limit: 0)) { try decompress(message, algorithm, limit: 0) }
    }
    #expect(try decompress(compress([], algorithm), algorithm, limit: 0) == [])
  }

  @Test(arguments: real)
  func everyTruncationIsAnError(algorithm: CompressionAlgorithm) throws {
    let message = try compress(Array("a message that repeats, that repeats, that repeats".utf8) + noise(40), algorithm)
    for count in 0..<message.count {
      #expect(throws: CompressionError.damaged) { try decompress(Array(message[..<count]), algorithm) }
    }
  }

  @Test(arguments: real)
  func garbageIsAnError(algorithm: CompressionAlgorithm) throws {
    for count in [1, 2, 10, 1000] {
      #expect(throws: CompressionError.self) { try decompress(noise(count), algorithm) }
    }
    #expect(throws: CompressionError.damaged) { try decompress(try compress([1, 2, 3], algorithm) + [9], algorithm) }
    // Whatever came before, the next message is fine.
    #expect(try decompress(compress([1, 2, 3], algorithm), algorithm) == [1, 2, 3])
  }

  /// No damage may do worse than to be refused, or to be decompressed to something within the limit.
  @Test(arguments: real)
  func anyDamageIsHarmless(algorithm: CompressionAlgorithm) throws {
    let message = try compress(Array("a message that repeats, that repeats, that repeats".utf8) + noise(40), algorithm)
    for index in message.indices {
      for bit in 0..<8 {
        var damaged = message
        damaged[index] ^= 1 << bit
        if let bytes = try? decompress(damaged, algorithm, limit: 1000) { #expect(bytes.count <= 1000) }
      }
    }
  }

  @Test func aFileOfSeveralPartsIsOneMessage() throws {
    for algorithm in [CompressionAlgorithm.gzip, .zstd] {
      let two = try compress([1, 2], algorithm) + compress([3], algorithm)
      #expect(try decompress(two, algorithm) == [1, 2, 3])
    }
  }

  /// A zstd frame that asks for 128 MiB of window is refused before it gets them: magic, no content size, window log
  /// 27.
  @Test func aWindowIsNotAllocatedBecauseAFrameSaysSo() throws {
    let frame: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd, 0x00, (27 - 10) << 3, 0x01, 0x00, 0x00]
    #expect(throws: CompressionError.tooLarge(limit: 1 << 23)) { try decompress(frame, .zstd) }
  }

  @Test func namesAreThoseOnTheWire() {
    #expect(CompressionAlgorithm.allCases.map(\.name) == ["identity", "deflate", "gzip", "zstd"])
    for algorithm in CompressionAlgorithm.allCases {
      #expect(Array(algorithm.name.utf8).withUnsafeBytes { CompressionAlgorithm(name: $0) } == algorithm)
    }
    for name in ["", "GZIP", "gzip ", "snappy"] {
      #expect(Array(name.utf8).withUnsafeBytes { CompressionAlgorithm(name: $0) } == nil)
    }
  }
}
