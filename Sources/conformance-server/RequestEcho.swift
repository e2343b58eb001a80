import ConformanceAPI
internal import Primitives
import ProtoWire
import RPCCore

/// What the server received of a call's request.
struct RequestEcho {
  let context: ServerContext
  var requests: [Google_Protobuf_Any]

  init(_ context: ServerContext, _ requests: [some WireMessage]) {
    self.context = context
    self.requests = requests.map { .packing($0) }
  }

  mutating func add(_ request: some WireMessage) {
    requests.append(.packing(request))
  }

  var info: ConformancePayload.RequestInfo {
    .with {
      $0.requestHeaders = context.requestMetadata.headers
      $0.timeoutMs = context.deadline.map { max($0.remaining, .zero).milliseconds }
      $0.requests = requests
    }
  }

  var requestsOnly: ConformancePayload.RequestInfo { .with { $0.requests = requests } }
}

extension Duration {
  fileprivate var milliseconds: Int64 {
    components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
  }
}

extension Google_Protobuf_Any {
  fileprivate static func packing<Message: WireMessage>(_ message: Message) -> Self {
    .with {
      $0.typeURL = "type.googleapis.com/\(Message.messageName)"
      $0.value = message.wireBytes()
    }
  }
}

extension RPCError {
  /// The error that a test case specifies, with what the server received as its last detail.
  init(_ error: ErrorMessage, reporting info: ConformancePayload.RequestInfo?) {
    self.init(
      StatusCode(rawValue: Int(error.code.rawValue)) ?? .unknown, error.message ?? "",
      details: error.details.map { ErrorDetail(packed: $0) } + (info.map { [ErrorDetail($0)] } ?? []))
  }
}
