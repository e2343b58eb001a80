/// An algorithm for compressing messages: a value of `grpc-encoding`.
/// https://github.com/grpc/grpc/blob/master/doc/compression.md
public struct CompressionAlgorithm: Sendable, Hashable, CaseIterable, CustomStringConvertible {
  package enum Kind: UInt8, CaseIterable { case identity, deflate, gzip, zstd }

  package let kind: Kind

  package init(_ kind: Kind) { self.kind = kind }

  /// No compression.
  public static let identity = CompressionAlgorithm(.identity)
  /// HTTP's `deflate`: the zlib format of RFC 1950.
  public static let deflate = CompressionAlgorithm(.deflate)
  /// gzip, RFC 1952.
  public static let gzip = CompressionAlgorithm(.gzip)
  /// Zstandard, RFC 8878.
  public static let zstd = CompressionAlgorithm(.zstd)

  /// All algorithms. A server may be configured to use only some of them.
  public static var allCases: [CompressionAlgorithm] { Kind.allCases.map(CompressionAlgorithm.init) }

  /// The name on the wire.
  public var name: String { "\(kind)" }
  /// The name on the wire.
  public var description: String { name }

  /// The algorithm with a name on the wire; nil if the name is unknown.
  package init?(name: UnsafeRawBufferPointer) {
    guard let kind = Kind.allCases.first(where: { name.elementsEqual("\($0)".utf8) }) else { return nil }
    self.kind = kind
  }
}
