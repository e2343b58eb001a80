import HTTP
import Primitives
import ProtoWire
import RPCCore
import RPCServer

/// A request of a `JSONGateway`, and its response.
final class GatewayFormat: CallFormat {
  let gateway: JSONGateway
  let request: OfferedRequest
  /// The HTTP status of a refusal by the gateway itself; nil: the status that the error's code maps to.
  var status: Int?
  let sendsHeadEarly = false
  var breaksOff = false

  private(set) var framing = MessageDeframer.Framing.wholeDocument
  private(set) var binding: HTTPBinding?
  private var binder: RequestBinder?
  private var bound = RequestBinder.Head()
  /// Bytes received of the request's body, or of its current line.
  private var received = 0

  // GatewayFormat+Response.swift
  var isEvents = false
  var isStream = false
  /// The whole body of the response, as it is sent.
  var length = 0
  var isCompressed = false
  var etag: String?
  /// Whether the response is an error and nothing else.
  var isRefused = false
  /// Whether the request has `if-match`.
  private(set) var isConditional = false

  init(_ gateway: JSONGateway, _ request: OfferedRequest) {
    self.gateway = gateway
    self.request = request
  }

  /// Takes the fields of the request's message that the head gives: path, query and `if-match`.
  /// - Throws: INVALID_ARGUMENT that names what is wrong.
  func bind(
    _ binding: HTTPBinding, _ values: [String], _ query: [UInt8], _ request: OfferedRequest
  ) throws(RPCError) {
    self.binding = binding
    let kind = binding.descriptor.kind
    isStream = !kind.hasSingleResponse
    if !kind.hasSingleRequest { framing = .lines }
    if isStream { isEvents = request.head.text("accept")?.lowercased().contains("text/event-stream") ?? false }
    if takesKnownTag(binding), let field = request.head.text("if-none-match"), EntityTags(field) == nil {
      throw RPCError(.invalidArgument, "if-none-match is malformed")
    }
    guard let query = QueryString(query) else {
      throw RPCError(.invalidArgument, "the query is not valid percent-encoded UTF-8")
    }
    let binder = RequestBinder(binding: binding, types: gateway.types, transcoder: gateway.transcoder)
    self.binder = binder
    bound = try binder.head(
      values: values, query: query, etag: try condition(binding), lastEvent: request.head.text("last-event-id"))
  }

  /// Whether `if-none-match` says something of the response.
  func takesKnownTag(_ binding: HTTPBinding) -> Bool {
    binding.responseEtag != nil && !isStream && (request.method == "GET" || request.method == "HEAD")
  }

  /// The etag that `if-match` wants; nil if any will do.
  private func condition(_ binding: HTTPBinding) throws(RPCError) -> String? {
    guard let field = request.head.text("if-match") else { return nil }
    guard let tags = EntityTags(field) else { throw RPCError(.invalidArgument, "if-match is malformed") }
    guard !tags.isAny else { return nil }
    // Ignoring `if-match` could change a resource that the caller wanted to protect.
    guard !binding.etag.isEmpty else { throw RPCError(.invalidArgument, "the method does not support if-match") }
    isConditional = true
    guard tags.tags.count == 1, let tag = tags.tags.first else {
      throw RPCError(.invalidArgument, "if-match must have one entity tag")
    }
    guard !tag.isWeak else {
      status = 412
      throw RPCError(.failedPrecondition, "if-match needs a strong entity tag")
    }
    return tag.value
  }

  // MARK: Request

  func receive(_ bytes: UnsafeRawBufferPointer, into messages: inout MessageDeframer) {
    if framing == .lines, let end = bytes.lastIndex(of: 0x0a) {
      received = bytes.count - end - 1
    } else {
      received += bytes.count
    }
    if received > request.maximumRequestSize { status = 413 }
    messages.append(bytes)
  }

  func message(from bytes: UnsafeRawBufferPointer) throws(RPCError) -> [UInt8] {
    guard let binder else { return [] }
    return try binder.message(Array(bytes), bound)
  }
}
