internal import HTTP
internal import Primitives
import RPCCore

/// A stream of Connect: messages in envelopes, and a last one with status and trailing metadata as JSON. The status of
/// HTTP is always 200. https://connectrpc.com/docs/protocol#streaming-rpcs
final class ConnectStreamFormat: TranscodingFormat {
  /// The second bit of an envelope's flags: no message, but the end of the stream.
  private static let endFlag: UInt8 = 2

  let framing: MessageDeframer.Framing
  /// The status of a request that is no call.
  var refusedStatus: Int?

  /// The end stands in the body.
  private var hasEnded = false
  private let contentType: String
  let transcoder: MethodTranscoder?
  private let crossOrigin: CrossOriginGrant

  init(_ request: OfferedRequest, isJSON: Bool) {
    contentType = isJSON ? "application/connect+json" : "application/connect+proto"
    transcoder = isJSON ? request.transcoder : nil
    crossOrigin = request.crossOrigin
    framing = isJSON ? .prefixedDocuments : .prefixed
  }

  func accepts(_ algorithm: CompressionAlgorithm, _ head: HeaderBlock) -> Bool {
    ConnectFields.accepts(algorithm, head.text("connect-accept-encoding"))
  }

  func append(_ message: UnsafeRawBufferPointer, isCompressed: Bool, to body: inout ByteBuffer) throws(RPCError) {
    guard !isCompressed, let document = try document(of: message) else {
      return body.append(message: message, flag: isCompressed ? 1 : 0)
    }
    document.withUnsafeBytes { body.append(message: $0, flag: 0) }
  }

  func head(_ head: ResponseHead) -> HeaderFields {
    var fields: [(String, String)] = []
    if let compression = head.compression { fields.append(("connect-content-encoding", compression.name)) }
    if let accepted = head.acceptedCompression { fields.append(("connect-accept-encoding", accepted)) }
    return self.head(200, fields, head.metadata)
  }

  func headAlone(_ end: ResponseEnd, body: inout ByteBuffer) -> HeaderFields {
    _ = self.end(end, in: &body)
    return head(refusedStatus ?? end.httpStatus, end.extra, end.initial)
  }

  func end(_ end: ResponseEnd, in body: inout ByteBuffer) -> HeaderFields? {
    guard !hasEnded else { return nil }
    hasEnded = true
    ConnectError.endStream(end).withUnsafeBytes { body.append(message: $0, flag: Self.endFlag) }
    return nil
  }

  private func head(_ status: Int, _ fields: [(String, String)], _ metadata: Metadata) -> HeaderFields {
    let names = fields.map(\.0) + metadata.map(\.name)
    return HeaderFields(
      HeaderFields.list(
        [(":status", "\(status)"), ("content-type", contentType)] + fields + crossOrigin.fields(exposing: names))
        + HeaderFields.list(metadata))
  }
}
