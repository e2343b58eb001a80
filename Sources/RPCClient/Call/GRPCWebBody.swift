internal import Primitives
package import RPCCore

/// Splits the body of a gRPC-Web response into its messages, which go on as they are, and the frame behind them, which
/// has the trailers. https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md
package final class GRPCWebBody {
  private static let prefixLength = 5
  /// The first byte of the last frame; one more if it is compressed. What else is no message's, its reader refuses.
  private static let trailersFlag: UInt8 = 0x80

  /// Bytes of the frame of the trailers.
  private let limit: Int
  /// That of the frame under way, as far as it has come.
  private var prefix: [UInt8] = []
  /// Bytes that the frame under way lacks behind its prefix.
  private var missing = 0
  private var content: [UInt8] = []
  /// The body breaks the rules: what comes after that is dropped.
  package private(set) var failure: RPCError?

  /// - Parameter limit: bytes of the trailers that are taken.
  package init(limit: Int) { self.limit = limit }

  private var isInTrailers: Bool { prefix.first.map { $0 & ~1 == Self.trailersFlag } ?? false }

  /// The content of the last frame; nil while it is not whole.
  package var trailers: (content: [UInt8], isCompressed: Bool)? {
    guard isInTrailers, prefix.count == Self.prefixLength, missing == 0, failure == nil else { return nil }
    return (content, prefix[0] & 1 == 1)
  }

  /// Takes bytes of the body.
  package func append(_ bytes: UnsafeRawBufferPointer, to messages: inout MessageDeframer) {
    var rest = bytes[...]
    while !rest.isEmpty, failure == nil {
      guard trailers == nil else {
        failure = RPCError(.internal, "data follows the trailers")
        return
      }
      let isPrefix = prefix.count < Self.prefixLength
      let part = rest.prefix(isPrefix ? Self.prefixLength - prefix.count : missing)
      rest = rest.dropFirst(part.count)
      if isPrefix { begin(with: part) } else { missing -= part.count }
      if !isInTrailers {
        messages.append(UnsafeRawBufferPointer(rebasing: part))
        if prefix.count == Self.prefixLength, missing == 0 { prefix.removeAll(keepingCapacity: true) }
      } else if !isPrefix {
        content += part
      }
    }
  }

  /// More of a prefix came.
  private func begin(with part: Slice<UnsafeRawBufferPointer>) {
    prefix += part
    guard prefix.count == Self.prefixLength else { return }
    missing = prefix[1...].reduce(0) { $0 << 8 | Int($1) }
    guard isInTrailers, missing > limit else { return }
    failure = RPCError(.resourceExhausted, "the trailers are larger than the client takes")
  }

  /// Begins again, with another body.
  func removeAll() {
    prefix = []
    missing = 0
    content = []
    failure = nil
  }
}
