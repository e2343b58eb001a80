internal import Compression
package import HTTP
package import Primitives
package import RPCCore

/// A wire protocol of calls over HTTP. A new one is a file with two types: one of this protocol, which knows its
/// requests, and a `CallFormat`, which reads and writes their bodies.
package protocol WireProtocol: Sendable {
  /// The content types that it takes, as `accept-post` lists them.
  var contentTypes: [String] { get }

  /// The methods of HTTP that it takes, as `allow` lists them.
  var methods: [String] { get }

  /// Reads the head of a request as that of a call; nil if the request is of another protocol. Thread of the
  /// connection's loop.
  func accept(_ request: OfferedRequest) -> RequestHead?
}

extension WireProtocol {
  package var methods: [String] { ["POST"] }
}

/// A request for which a protocol is sought.
package struct OfferedRequest {
  package let head: HeaderBlock
  /// POST, GET and so on.
  package let method: String
  /// Empty if the request has none.
  package let contentType: String
  /// What a browser is told in the head of the response.
  package let crossOrigin: CrossOriginGrant
  /// Whether the response can carry fields behind its body.
  package let carriesTrailers: Bool
  let owner: ServerLoop

  var core: ServerCore { owner.core }

  /// The largest message that a client may send, in bytes.
  package var maximumRequestSize: Int { core.limits.maximumRequestSize }

  /// The method of a path such as `/users.v1.UserService/GetUser`; nil if nobody serves it.
  package func route(_ path: [UInt8]) -> Route? { path.withUnsafeBytes { core.router.route($0) } }

  /// Compresses with the memory of the connection's loop. Its thread.
  package func gzip(_ bytes: UnsafeRawBufferPointer) -> [UInt8]? {
    try? owner.codec.withCompressed(bytes, .gzip) { Array($0) }
  }
}

/// What a protocol reads in the head of a call.
package struct RequestHead {
  package let format: any CallFormat
  /// Nil if nobody serves the method.
  package var route: Route?
  /// Nanoseconds until the call's deadline; nil without one.
  package var timeout: UInt64?
  /// What compressed messages of the request are compressed with.
  package var compression = CompressionAlgorithm.identity
  /// Set if the head asks for what can't be done.
  package var refusal: Refusal?

  package init(format: any CallFormat) { self.format = format }

  /// A class, since nearly no call has one.
  package final class Refusal {
    let error: RPCError
    let fields: [(String, String)]

    package init(_ error: RPCError, fields: [(String, String)] = []) {
      self.error = error
      self.fields = fields
    }
  }
}

/// How the two bodies of one call are written, and the heads before them. It belongs to the call's loop, and may have
/// state of its call.
package protocol CallFormat: AnyObject {
  /// How the messages of the request are told apart.
  var framing: MessageDeframer.Framing { get }

  /// Takes bytes of the request's body. It runs in a callback of the HTTP session: what is wrong with them is noted in
  /// `messages`.
  func receive(_ bytes: UnsafeRawBufferPointer, into messages: inout MessageDeframer)

  /// A message of the request, from what the body has for it. Asked where `framing` says that messages are transcoded;
  /// what was compressed is decompressed by then.
  func message(from bytes: UnsafeRawBufferPointer) throws(RPCError) -> [UInt8]

  /// Whether the client takes responses that are compressed so.
  func accepts(_ algorithm: CompressionAlgorithm, _ head: HeaderBlock) -> Bool

  /// A message of the response in the format's own form, where that is not protobuf's: it is what is compressed.
  func document(of message: UnsafeRawBufferPointer) throws(RPCError) -> [UInt8]?

  /// Puts a response message behind those in the body: as protobuf has it, or its compressed document.
  /// - Throws: if the format can't express it.
  func append(_ message: UnsafeRawBufferPointer, isCompressed: Bool, to body: inout ByteBuffer) throws(RPCError)

  /// Whether the response's body is nothing but its messages, so that the last of them tells its length.
  var isBodyPlain: Bool { get }

  /// A message was put into the body, and takes no bytes there.
  var hasEmptyMessage: Bool { get }

  /// Whether the head may leave before anything is known of messages and status.
  var sendsHeadEarly: Bool { get }

  /// The head of nearly every response: one with messages, without initial metadata, in which nothing is compressed.
  var plainHead: HeaderFields { get }

  /// The head of another response with messages, or with initial metadata.
  func head(_ head: ResponseHead) -> HeaderFields

  /// The head of a response that has neither: or no messages, where `sendsHeadEarly` is false. What the format puts
  /// into the body follows it.
  func headAlone(_ end: ResponseEnd, body: inout ByteBuffer) -> HeaderFields

  /// Ends nearly every response, that of a success without trailing metadata, as `end` does.
  func succeed(in body: inout ByteBuffer) -> HeaderFields?

  /// Ends another response: puts the status behind the messages in the body, or returns it as trailers.
  func end(_ end: ResponseEnd, in body: inout ByteBuffer) -> HeaderFields?

  /// Asked once `end` has returned no trailers: whether the response then breaks off, so that nobody takes it for
  /// whole.
  var breaksOff: Bool { get }
}

extension CallFormat {
  package var framing: MessageDeframer.Framing { .prefixed }

  package func receive(_ bytes: UnsafeRawBufferPointer, into messages: inout MessageDeframer) { messages.append(bytes) }

  package func message(from bytes: UnsafeRawBufferPointer) throws(RPCError) -> [UInt8] { Array(bytes) }

  package func accepts(_ algorithm: CompressionAlgorithm, _ head: HeaderBlock) -> Bool { false }

  package func document(of message: UnsafeRawBufferPointer) throws(RPCError) -> [UInt8]? { nil }

  package var isBodyPlain: Bool { false }

  package var hasEmptyMessage: Bool { false }

  package var sendsHeadEarly: Bool { true }

  package var plainHead: HeaderFields {
    head(ResponseHead(metadata: [:], trailing: [:], compression: nil, acceptedCompression: nil))
  }

  package func succeed(in body: inout ByteBuffer) -> HeaderFields? { end(.success, in: &body) }

  package var breaksOff: Bool { false }
}

/// What a response says before its messages.
package struct ResponseHead {
  package let metadata: Metadata
  /// The trailing metadata, where the head waited for the status.
  package let trailing: Metadata
  /// What its compressed messages are compressed with, if any is to be.
  let compression: CompressionAlgorithm?
  /// What the server decompresses, as `grpc-accept-encoding` lists it; nil in a call that has nothing to do with
  /// compression.
  let acceptedCompression: String?
}

/// What a response says behind its messages.
package struct ResponseEnd {
  /// Without metadata.
  static let success = ResponseEnd(error: nil, fields: [], httpStatus: 200, extra: [], trailing: [:])

  /// Nil after a success.
  package let error: RPCError?
  /// Status, message, details and trailing metadata as gRPC's fields, cut to what clients take. Empty for a success
  /// without metadata.
  package let fields: [TrailerSection.Field]
  /// What a refusal says beside them in the head.
  package let httpStatus: Int
  package let extra: [(String, String)]
  /// The trailing metadata, without that of the error.
  package let trailing: Metadata
  /// The initial metadata, where no head was sent before.
  package var initial = Metadata()
}
