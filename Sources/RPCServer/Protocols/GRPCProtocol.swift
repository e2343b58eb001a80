internal import HTTP
internal import Primitives
import RPCCore

/// gRPC. https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
///
/// Nearly all calls are of this protocol, so it is asked before the others (`ProtocolTable`), and needs no state of a
/// call: each loop has one instance.
final class GRPCProtocol: CallFormat {
  static let contentType = "application/grpc"

  /// Before the first message of nearly every response.
  private static let plainHead = HeaderFields.immortal([(":status", "200"), ("content-type", contentType)])
  /// Behind the last message of nearly every response.
  private static let ok = HeaderFields.immortal([("grpc-status", "0")])

  private let core: ServerCore

  init(_ core: ServerCore) { self.core = core }

  /// Reads a request's head; nil if it is none of gRPC.
  func accept(_ head: HeaderBlock, on exchange: HTTPExchange) -> RequestHead? {
    let fields = GRPCRequestFields(head)
    guard fields.isPost, fields.isGRPC, exchange.carriesTrailers else { return nil }
    return fields.requestHead(head, self, core)
  }

  func accepts(_ algorithm: CompressionAlgorithm, _ head: HeaderBlock) -> Bool {
    GRPCRequestFields.accepts(algorithm, head)
  }

  func append(_ message: UnsafeRawBufferPointer, isCompressed: Bool, to body: inout ByteBuffer) {
    body.append(message: message, flag: isCompressed ? 1 : 0)
  }

  var plainHead: HeaderFields { Self.plainHead }

  func head(_ head: ResponseHead) -> HeaderFields {
    HeaderFields(
      Self.start(status: 200) + HeaderFields.list(head.grpcCompressionFields) + HeaderFields.list(head.metadata))
  }

  /// Trailers-Only: an error before anything was sent, or a success without a message.
  func headAlone(_ end: ResponseEnd, body: inout ByteBuffer) -> HeaderFields {
    HeaderFields(Self.start(status: end.httpStatus) + HeaderFields.list(end.extra) + end.grpcFields)
  }

  func succeed(in body: inout ByteBuffer) -> HeaderFields? { Self.ok }

  func end(_ end: ResponseEnd, in body: inout ByteBuffer) -> HeaderFields? { HeaderFields(end.grpcFields) }

  private static func start(status: Int) -> [TrailerSection.Field] {
    HeaderFields.list([(":status", "\(status)"), ("content-type", contentType)])
  }
}
