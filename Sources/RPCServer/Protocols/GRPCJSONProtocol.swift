internal import HTTP
internal import Primitives
import RPCCore

/// gRPC with messages as JSON. https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests (Content-Type)
struct GRPCJSONProtocol: WireProtocol {
  let contentTypes = ["application/grpc+json"]

  func accept(_ request: OfferedRequest) -> RequestHead? {
    guard request.method == "POST", request.carriesTrailers, request.takesJSON,
      request.contentType.prefix(while: { $0 != ";" }).lowercased() == contentTypes[0]
    else { return nil }
    let format = GRPCJSONFormat(contentType: contentTypes[0], request.transcoder)
    return GRPCRequestFields(request.head).requestHead(request.head, format, request.core)
  }
}

/// A call of gRPC whose messages are JSON.
final class GRPCJSONFormat: TranscodingFormat {
  let framing = MessageDeframer.Framing.prefixedDocuments

  private let contentType: String
  let transcoder: MethodTranscoder?

  init(contentType: String, _ transcoder: MethodTranscoder?) {
    self.contentType = contentType
    self.transcoder = transcoder
  }

  func accepts(_ algorithm: CompressionAlgorithm, _ head: HeaderBlock) -> Bool {
    GRPCRequestFields.accepts(algorithm, head)
  }

  func append(_ message: UnsafeRawBufferPointer, isCompressed: Bool, to body: inout ByteBuffer) throws(RPCError) {
    guard !isCompressed, let document = try document(of: message) else {
      return body.append(message: message, flag: isCompressed ? 1 : 0)
    }
    document.withUnsafeBytes { body.append(message: $0, flag: 0) }
  }

  func head(_ head: ResponseHead) -> HeaderFields {
    HeaderFields(start(200, head.grpcCompressionFields) + HeaderFields.list(head.metadata))
  }

  func headAlone(_ end: ResponseEnd, body: inout ByteBuffer) -> HeaderFields {
    HeaderFields(start(end.httpStatus, end.extra) + end.grpcFields)
  }

  func end(_ end: ResponseEnd, in body: inout ByteBuffer) -> HeaderFields? { HeaderFields(end.grpcFields) }

  private func start(_ status: Int, _ fields: [(String, String)]) -> [TrailerSection.Field] {
    HeaderFields.list([(":status", "\(status)"), ("content-type", contentType)] + fields)
  }
}
