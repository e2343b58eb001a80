internal import HTTP
internal import Primitives
import RPCCore

/// A wire protocol of calls over HTTP. A new one is a file with two types: one of this protocol, which knows its
/// requests, and a `CallFormat`, which reads and writes their bodies.
protocol WireProtocol: Sendable {
  /// The content types that it takes, as `accept-post` lists them.
  var contentTypes: [String] { get }

  /// Reads the head of a POST request as that of a call; nil if the request is of another protocol. Thread of the
  /// connection's loop.
  func accept(_ request: OfferedRequest) -> RequestHead?
}

/// A POST request for which a protocol is sought.
struct OfferedRequest {
  let head: HeaderBlock
  /// Empty if the request has none.
  let contentType: String
  /// What a browser is told in the head of the response.
  let crossOrigin: CrossOriginGrant
  let core: ServerCore
}

/// What a protocol reads in the head of a call.
struct RequestHead {
  let format: any CallFormat
  /// Nil if nobody serves the method.
  var route: Route?
  /// Nanoseconds until the call's deadline; nil without one.
  var timeout: UInt64?
  /// What compressed messages of the request are compressed with.
  var compression = CompressionAlgorithm.identity
  /// Set if the head asks for what can't be done.
  var refusal: Refusal?

  /// A class, since nearly no call has one.
  final class Refusal {
    let error: RPCError
    let fields: [(String, String)]

    init(_ error: RPCError, fields: [(String, String)] = []) {
      self.error = error
      self.fields = fields
    }
  }
}

/// How the two bodies of one call are written, and the heads before them. It belongs to the call's loop, and may have
/// state of its call.
protocol CallFormat: AnyObject {
  /// How the messages of the request are told apart.
  var framing: MessageDeframer.Framing { get }

  /// Takes bytes of the request's body. It runs in a callback of the HTTP session: what is wrong with them is noted in
  /// `messages`.
  func receive(_ bytes: UnsafeRawBufferPointer, into messages: inout MessageDeframer)

  /// Whether the client takes responses that are compressed so.
  func accepts(_ algorithm: CompressionAlgorithm, _ head: HeaderBlock) -> Bool

  /// Puts a response message behind those in the body.
  func append(_ message: UnsafeRawBufferPointer, isCompressed: Bool, to body: inout ByteBuffer)

  /// The head of a response with messages, or with initial metadata.
  func head(_ head: ResponseHead) -> HeaderFields

  /// All of a response that has neither.
  func headAlone(_ end: ResponseEnd) -> HeaderFields

  /// Ends a response: puts the status behind the messages in the body, or returns it as trailers.
  func end(_ end: ResponseEnd, in body: inout ByteBuffer) -> HeaderFields?
}

extension CallFormat {
  var framing: MessageDeframer.Framing { .prefixed }

  func receive(_ bytes: UnsafeRawBufferPointer, into messages: inout MessageDeframer) { messages.append(bytes) }

  func accepts(_ algorithm: CompressionAlgorithm, _ head: HeaderBlock) -> Bool { false }
}

/// What a response says before its messages.
struct ResponseHead {
  let metadata: Metadata
  /// What its compressed messages are compressed with, if any is to be.
  let compression: CompressionAlgorithm?
  /// What the server decompresses, as `grpc-accept-encoding` lists it; nil in a call that has nothing to do with
  /// compression.
  let acceptedCompression: String?
}

/// What a response says behind its messages.
struct ResponseEnd {
  /// Nil after a success.
  let error: RPCError?
  /// Status, message, details and trailing metadata as gRPC's fields, cut to what clients take. Empty for a success
  /// without metadata.
  let fields: [TrailerSection.Field]
  /// What a refusal says beside them in the head.
  let httpStatus: Int
  let extra: [(String, String)]
}
