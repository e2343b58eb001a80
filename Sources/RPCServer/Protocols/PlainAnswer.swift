internal import HTTP
internal import Primitives
import RPCCore

/// HTTP's answer to what is no call: a status, and a line for people.
final class PlainAnswer: CallFormat {
  let status: Int
  private let fields: [(String, String)]
  /// The body. Nothing where the status has none.
  let text: [UInt8]

  init(_ status: Int, _ fields: [(String, String)] = []) {
    self.status = status
    text = status == 204 ? [] : Array("This is a gRPC server.\n".utf8)
    let body = text.isEmpty ? [] : [("content-type", "text/plain"), ("content-length", "\(text.count)")]
    self.fields = [(":status", "\(status)")] + fields + body
  }

  var isBodyPlain: Bool { true }

  func append(_ message: UnsafeRawBufferPointer, isCompressed: Bool, to body: inout ByteBuffer) {
    body.append(message)
  }

  func head(_ head: ResponseHead) -> HeaderFields { HeaderFields(HeaderFields.list(fields)) }

  func headAlone(_ end: ResponseEnd, body: inout ByteBuffer) -> HeaderFields {
    HeaderFields(HeaderFields.list(fields))
  }

  func end(_ end: ResponseEnd, in body: inout ByteBuffer) -> HeaderFields? { nil }
}
