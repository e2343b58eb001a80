/// How a message is compressed: a value of `grpc-encoding`.
/// https://github.com/grpc/grpc/blob/master/doc/compression.md
public struct CompressionAlgorithm: Sendable, Hashable, CaseIterable, CustomStringConvertible {
  package enum Kind: UInt8, CaseIterable { case identity, deflate, gzip, zstd }

  package let kind: Kind

  package init(_ kind: Kind) { self.kind = kind }

  /// Not compressed.
  public static let identity = CompressionAlgorithm(.identity)
  /// What HTTP calls deflate: the zlib format, RFC 1950.
  public static let deflate = CompressionAlgorithm(.deflate)
  /// RFC 1952.
  public static let gzip = CompressionAlgorithm(.gzip)
  /// RFC 8878.
  public static let zstd = CompressionAlgorithm(.zstd)

  /// All that the wire format has a name for, whether or not a server offers them.
  public static var allCases: [CompressionAlgorithm] { Kind.allCases.map(CompressionAlgorithm.init) }

  /// The name on the wire.
  public var name: String { "\(kind)" }
  /// The name on the wire.
  public var description: String { name }

  /// The algorithm of a name on the wire; nil for one that nobody here knows.
  package init?(name: UnsafeRawBufferPointer) {
    guard let kind = Kind.allCases.first(where: { name.elementsEqual("\($0)".utf8) }) else { return nil }
    self.kind = kind
  }
}
