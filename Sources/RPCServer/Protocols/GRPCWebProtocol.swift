internal import HTTP
internal import Primitives
import RPCCore

/// gRPC-Web: gRPC's messages, but the trailers are the body's last piece, and in the text form all of the body is
/// base64. https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md
struct GRPCWebProtocol: WireProtocol {
  let contentTypes = ["application/grpc-web", "application/grpc-web-text"]

  func accept(_ request: OfferedRequest) -> RequestHead? {
    guard request.method == "POST", let (isText, isJSON) = Self.form(request.contentType) else { return nil }
    let transcoder = isJSON ? request.transcoder : nil
    guard !isJSON || request.takesJSON else { return nil }
    // Said again in the response, unless there is more to it than to any sensible one.
    let isSensible = request.contentType.utf8.count <= PeerText.limit
    let format = GRPCWebFormat(
      contentType: isSensible ? request.contentType : contentTypes[isText ? 1 : 0] + (isJSON ? "+json" : "+proto"),
      isText: isText, transcoder, request.crossOrigin)
    return GRPCRequestFields(request.head).requestHead(request.head, format, request.core)
  }

  /// Whether the content type is that of the text form, and whether messages are JSON; nil if it is none of gRPC-Web.
  /// `+proto` or `+json` and parameters (`;charset=…`) may follow.
  private static func form(_ contentType: String) -> (isText: Bool, isJSON: Bool)? {
    switch contentType.prefix(while: { $0 != ";" }).lowercased() {
    case "application/grpc-web", "application/grpc-web+proto": (false, false)
    case "application/grpc-web-text", "application/grpc-web-text+proto": (true, false)
    case "application/grpc-web+json": (false, true)
    case "application/grpc-web-text+json": (true, true)
    default: nil
    }
  }
}

/// A call of gRPC-Web.
final class GRPCWebFormat: TranscodingFormat {
  /// The highest bit of a frame's first byte: not a message, but the trailers.
  private static let trailersFlag: UInt8 = 0x80

  /// The request's, which is the response's too.
  private let contentType: String
  private let isText: Bool
  /// Where messages are JSON.
  let transcoder: MethodTranscoder?
  private let crossOrigin: CrossOriginGrant
  private var decoder = Base64.Stream()

  init(contentType: String, isText: Bool, _ transcoder: MethodTranscoder?, _ crossOrigin: CrossOriginGrant) {
    self.contentType = contentType
    self.isText = isText
    self.transcoder = transcoder
    self.crossOrigin = crossOrigin
  }

  var framing: MessageDeframer.Framing { transcoder == nil ? .prefixed : .prefixedDocuments }

  func receive(_ bytes: UnsafeRawBufferPointer, into messages: inout MessageDeframer) {
    guard isText else { return messages.append(bytes) }
    guard let decoded = decoder.decode(bytes) else { return messages.fail(.invalidBase64) }
    decoded.withUnsafeBytes { messages.append($0) }
  }

  func accepts(_ algorithm: CompressionAlgorithm, _ head: HeaderBlock) -> Bool {
    GRPCRequestFields.accepts(algorithm, head)
  }

  func append(_ message: UnsafeRawBufferPointer, isCompressed: Bool, to body: inout ByteBuffer) throws(RPCError) {
    guard !isCompressed, let document = try document(of: message) else {
      return append(message, flag: isCompressed ? 1 : 0, to: &body)
    }
    document.withUnsafeBytes { append($0, flag: 0, to: &body) }
  }

  /// Each piece of text is whole: a page can decode it when it comes.
  private func append(_ content: UnsafeRawBufferPointer, flag: UInt8, to body: inout ByteBuffer) {
    guard isText else { return body.append(message: content, flag: flag) }
    body.append(Base64.encodePadded(MessagePrefix.bytes(flag: flag, length: content.count) + content))
  }

  func head(_ head: ResponseHead) -> HeaderFields {
    let compression = head.grpcCompressionFields
    let exposed = crossOrigin.fields(exposing: head.metadata.map(\.name) + compression.map(\.0))
    return HeaderFields(start(status: 200, compression + exposed) + HeaderFields.list(head.metadata))
  }

  func headAlone(_ end: ResponseEnd, body: inout ByteBuffer) -> HeaderFields {
    let exposed = crossOrigin.fields(exposing: end.grpcFields.map(\.name) + end.extra.map(\.0))
    return HeaderFields(start(status: end.httpStatus, end.extra + exposed) + end.grpcFields)
  }

  func end(_ end: ResponseEnd, in body: inout ByteBuffer) -> HeaderFields? {
    let block = end.grpcFields.flatMap { name, value in Array("\(name): ".utf8) + value + Array("\r\n".utf8) }
    block.withUnsafeBytes { append($0, flag: Self.trailersFlag, to: &body) }
    return nil
  }

  private func start(status: Int, _ fields: [(String, String)]) -> [TrailerSection.Field] {
    HeaderFields.list([(":status", "\(status)"), ("content-type", contentType)] + fields)
  }
}
