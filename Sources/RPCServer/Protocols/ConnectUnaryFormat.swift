internal import HTTP
internal import Primitives
import RPCCore

/// A unary call of Connect: the bodies are the messages, and the response's status of HTTP tells that of the call.
/// https://connectrpc.com/docs/protocol#unary-request
final class ConnectUnaryFormat: TranscodingFormat {
  let framing: MessageDeframer.Framing
  // The status of HTTP, and trailing metadata too, stand in the head.
  let sendsHeadEarly = false
  let isBodyPlain = true
  private(set) var hasEmptyMessage = false
  /// The status of a request that is no call.
  var refusedStatus: Int?

  private let isJSON: Bool
  let transcoder: MethodTranscoder?
  private let crossOrigin: CrossOriginGrant
  /// Of a GET request, until it was given to the call.
  private var message: [UInt8]?
  private let isGET: Bool
  private var isCompressed = false

  init(_ request: OfferedRequest, isJSON: Bool, isCompressed: Bool, message: [UInt8]? = nil) {
    self.isJSON = isJSON
    transcoder = isJSON ? request.transcoder : nil
    crossOrigin = request.crossOrigin
    framing = isJSON || isCompressed ? .wholeDocument : .wholeBody
    self.message = message
    isGET = message != nil
  }

  func receive(_ bytes: UnsafeRawBufferPointer, into messages: inout MessageDeframer) {
    guard isGET else { return messages.append(bytes) }
    // A body of GET means nothing (RFC 9110, section 9.3.1).
    message?.withUnsafeBytes { messages.append($0) }
    message = nil
  }

  func accepts(_ algorithm: CompressionAlgorithm, _ head: HeaderBlock) -> Bool {
    ConnectFields.accepts(algorithm, head.text("accept-encoding"))
  }

  func append(_ message: UnsafeRawBufferPointer, isCompressed: Bool, to body: inout ByteBuffer) throws(RPCError) {
    self.isCompressed = isCompressed
    if !isCompressed, let document = try document(of: message) { return body.append(document) }
    hasEmptyMessage = message.isEmpty
    body.append(message)
  }

  func head(_ head: ResponseHead) -> HeaderFields {
    var fields = [("content-type", isJSON ? "application/json" : "application/proto")]
    if isCompressed, let compression = head.compression { fields.append(("content-encoding", compression.name)) }
    if let accepted = head.acceptedCompression { fields.append(("accept-encoding", accepted)) }
    return self.head(200, fields, head.metadata, head.trailing)
  }

  func headAlone(_ end: ResponseEnd, body: inout ByteBuffer) -> HeaderFields {
    guard let error = end.error else {
      return head(200, [("content-type", "application/proto")], end.initial, end.trailing)
    }
    let status = refusedStatus ?? (end.httpStatus == 200 ? error.code.httpStatus : end.httpStatus)
    body.append(ConnectError.json(error))
    var initial = end.initial
    initial.append(contentsOf: error.metadata)
    return head(status, [("content-type", "application/json")] + end.extra, initial, end.trailing)
  }

  func end(_ end: ResponseEnd, in body: inout ByteBuffer) -> HeaderFields? { nil }

  private func head(
    _ status: Int, _ fields: [(String, String)], _ initial: Metadata, _ trailing: Metadata
  ) -> HeaderFields {
    let trailers = HeaderFields.list(trailing).map { (name: "trailer-" + $0.name, value: $0.value) }
    let names = fields.map(\.0) + initial.map(\.name) + trailers.map(\.name)
    return HeaderFields(
      HeaderFields.list([(":status", "\(status)")] + fields + crossOrigin.fields(exposing: names))
        + HeaderFields.list(initial) + trailers)
  }
}
