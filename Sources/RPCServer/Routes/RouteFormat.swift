internal import HTTP
internal import Primitives
import ProtoWire
import RPCCore

/// A request of a route, and its response.
final class RouteFormat: CallFormat {
  let framing = MessageDeframer.Framing.wholeDocument
  let sendsHeadEarly = false
  private(set) var hasEmptyMessage = false
  private(set) var breaksOff = false
  /// Of a request that is no route's.
  var refusedStatus: Int?
  var isStream = false

  private let crossOrigin: CrossOriginGrant
  private var status = 200
  private var fields: [(String, String)] = []
  private var length = 0
  /// The answer is an error, and nothing else.
  private var isRefused = false

  init(_ crossOrigin: CrossOriginGrant) { self.crossOrigin = crossOrigin }

  /// As google.protobuf.BytesValue.
  func message(from bytes: UnsafeRawBufferPointer) throws(RPCError) -> [UInt8] {
    Google_Protobuf_BytesValue.with { $0.value = Array(bytes) }.wireBytes()
  }

  func append(_ message: UnsafeRawBufferPointer, isCompressed: Bool, to body: inout ByteBuffer) throws(RPCError) {
    let parts = RoutePiece.Parts(message)
    if let status = parts.status {
      guard (200...599).contains(status) else { throw RPCError(.internal, "a route answered \(status)") }
      self.status = status
      fields = parts.fields
    }
    hasEmptyMessage = parts.body.isEmpty
    length += parts.body.count
    body.append(parts.body)
  }

  func head(_ head: ResponseHead) -> HeaderFields {
    HeaderFields(HeaderFields.list(start) + HeaderFields.list(head.metadata))
  }

  private var start: [(String, String)] {
    let size = isStream || status == 204 ? [] : [("content-length", "\(length)")]
    return [(":status", "\(status)")] + fields + size + crossOrigin.fields(exposing: fields.map(\.0))
  }

  func headAlone(_ end: ResponseEnd, body: inout ByteBuffer) -> HeaderFields {
    isRefused = true
    let initial = HeaderFields.list(end.initial)
    guard let error = end.error else { return HeaderFields(HeaderFields.list(start) + initial) }
    let status = refusedStatus ?? (end.httpStatus == 200 ? error.code.httpStatus : end.httpStatus)
    body.append(ErrorDocument.standard?.json(error, httpStatus: status) ?? [])
    return HeaderFields(
      HeaderFields.list(
        [(":status", "\(status)"), ("content-type", "application/json"), ("content-length", "\(body.count)")]
          + end.extra + crossOrigin.fields(exposing: end.extra.map(\.0) + end.initial.map(\.name))) + initial)
  }

  func end(_ end: ResponseEnd, in body: inout ByteBuffer) -> HeaderFields? {
    breaksOff = end.error != nil && !isRefused
    return nil
  }
}
