import ConformanceAPI
import EventLoop
import ProtoWire
import RPCClient
import RPCCore
import Synchronization
import Transport

/// A call that the runner wants to have made, and what comes of it.
struct ConformanceCall: Sendable {
  /// What this client can't do.
  struct Refusal: Swift.Error, CustomStringConvertible {
    let description: String
  }

  /// Any message: what is in it is in its unknown fields, byte for byte. All messages of responses have their payload
  /// in the same field.
  typealias Request = UnimplementedRequest
  typealias Response = UnaryResponse

  /// What has come so far, whatever ends the call.
  private final class Outcome: Sendable {
    let result = Mutex(ClientResponseResult())

    func add(_ response: Response) {
      result.withLock { $0.payloads.append(response.payload ?? ConformancePayload()) }
    }

    var count: Int { result.withLock { $0.payloads.count } }
  }

  private let request: ClientCompatRequest
  private let channel: Channel
  private let method: MethodDescriptor
  private let messages: [Request]
  private let record = CallRecord()
  private let outcome = Outcome()
  private let canceller = Canceller()

  init(_ request: ClientCompatRequest) throws {
    guard request.httpVersion == .httpVersion2, request.codec == .proto else {
      throw Refusal(description: "the client speaks HTTP/2, with protobuf")
    }
    guard request.rawRequest == nil else { throw Refusal(description: "raw requests are the reference client's") }
    self.request = request
    messages = try request.requestMessages.map { try Request(wireBytes: $0.value) }
    let kind: MethodDescriptor.Kind =
      switch request.streamType {
      case .unary: .unary
      case .clientStream: .clientStreaming
      case .serverStream: .serverStreaming
      case .halfDuplexBidiStream, .fullDuplexBidiStream: .bidirectionalStreaming
      default: throw Refusal(description: "there is no such kind of call")
      }
    method = MethodDescriptor(service: request.service, name: request.method, kind: kind)
    channel = try Channel(
      .addresses([.tcp(host: request.host, port: UInt16(truncatingIfNeeded: request.port))]),
      configuration: Self.configuration(request))
  }

  private static func configuration(_ request: ClientCompatRequest) throws -> ChannelConfiguration {
    var configuration = ChannelConfiguration()
    switch request.protocol {
    case .grpc: break
    case .grpcWeb: configuration.protocol = .grpcWeb
    default: throw Refusal(description: "the client speaks gRPC and gRPC-Web")
    }
    if request.messageReceiveLimit > 0 { configuration.maximumResponseSize = Int(request.messageReceiveLimit) }
    switch request.compression {
    case .unspecified, .identity: break
    case .gzip: configuration.requestCompression = .gzip
    case .deflate: configuration.requestCompression = .deflate
    case .zstd: configuration.requestCompression = .zstd
    default: throw Refusal(description: "the client compresses by gzip, deflate and zstd")
    }
    guard !request.serverTlsCert.isEmpty else { return configuration }
    var tls = TLSClientConfiguration()
    tls.authorities = .signedBy(.text(request.serverTlsCert))
    if let creds = request.clientTlsCreds {
      tls.certificate = TLSCertificate(chain: .text(creds.cert), key: .text(creds.key))
    }
    configuration.tls = try TLSClientContext(tls)
    return configuration
  }

  func run() async throws -> ClientResponseResult {
    var options = CallOptions()
    options.metadata = Metadata(request.requestHeaders)
    options.timeout = request.timeoutMs.map { .milliseconds(Int64($0)) }
    options.record = record
    let call = Task { [options] in try await make(options) }
    canceller.watch(call)
    defer { canceller.end() }
    do {
      try await call.value
    } catch let error as RPCError {
      outcome.result.withLock { $0.error = ErrorMessage(error) }
    }
    return outcome.result.withLock { result in
      result.responseHeaders = (record.initialMetadata ?? [:]).headers
      result.responseTrailers = (record.trailingMetadata ?? [:]).headers
      return result
    }
  }

  private func make(_ options: CallOptions) async throws {
    switch method.kind {
    case .unary:
      try await pause()
      let first = messages.first ?? Request()
      cancelLater()
      outcome.add(try await channel.unary(method, first, options))
    case .serverStreaming:
      try await pause()
      let stream: ResponseStream<Response> = channel.serverStreaming(method, messages.first ?? Request(), options)
      cancelLater()
      try await readAll(stream)
    case .clientStreaming:
      let call: ClientStreamingCall<Request, Response> = channel.clientStreaming(method, options)
      try await writeAll { try await call.requests.write($0) }
      if isCancelledBeforeCloseSend { cancelNow() } else { cancelLater() }
      outcome.add(try await call.response())
    case .bidirectionalStreaming:
      let call: BidirectionalCall<Request, Response> = channel.bidirectionalStreaming(method, options)
      let responses = call.responses.makeAsyncIterator()
      let isFull = request.streamType == .fullDuplexBidiStream
      try await writeAll { message in
        guard try await call.requests.write(message) else { return false }
        if isFull, let response = try await responses.next() { took(response) }
        return true
      }
      if isCancelledBeforeCloseSend {
        cancelNow()
      } else {
        call.requests.finish()
        cancelLater()
      }
      try await readAll(call.responses)
    }
  }

  // MARK: Messages

  private func pause() async throws {
    if request.requestDelayMs > 0 { try await Task.sleep(for: .milliseconds(Int64(request.requestDelayMs))) }
  }

  /// Writes all messages, and counts those that could not be sent.
  private func writeAll(_ write: (Request) async throws -> Bool) async throws {
    for (index, message) in messages.enumerated() {
      let unsent = Int32(clamping: messages.count - index)
      do {
        try await pause()
        if try await write(message) { continue }
      } catch {
        // In a full-duplex call the message itself may have been sent.
        outcome.result.withLock { $0.numUnsentRequests = unsent }
        throw error
      }
      outcome.result.withLock { $0.numUnsentRequests = unsent }
      return
    }
  }

  private func readAll(_ stream: ResponseStream<Response>) async throws {
    for try await response in stream { took(response) }
  }

  private func took(_ response: Response) {
    outcome.add(response)
    if case .afterNumResponses(let count)? = request.cancel?.cancelTiming, outcome.count == Int(count) { cancelNow() }
  }

  // MARK: Cancellation

  private var isCancelledBeforeCloseSend: Bool {
    if case .beforeCloseSend? = request.cancel?.cancelTiming { true } else { false }
  }

  private func cancelNow() { withUnsafeCurrentTask { $0?.cancel() } }

  /// All requests are sent: the call may have to be cancelled a while later.
  private func cancelLater() {
    guard let cancel = request.cancel else { return }
    let delay: UInt32
    switch cancel.cancelTiming {
    case nil: delay = 0
    case .afterCloseSendMs(let milliseconds): delay = milliseconds
    case .beforeCloseSend, .afterNumResponses: return
    }
    canceller.cancel(after: .milliseconds(Int64(delay)))
  }
}

extension ErrorMessage {
  init(_ error: RPCError) {
    self.init()
    code = Code(rawValue: Int32(error.code.rawValue))
    message = error.message
    details = error.status.details
  }
}
