internal import HTTP
internal import RPCCore

/// The head of a request.
/// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests
/// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md
enum RequestHead {
  /// What all calls of a method have in common.
  static func base(_ method: MethodDescriptor, _ compression: CompressionAlgorithm?, core: ChannelCore) -> HeaderFields
  {
    let configuration = core.configuration
    var fields: [(name: String, value: [UInt8])] = []
    func add(_ name: String, _ value: String) { fields.append((name, Array(value.utf8))) }
    add(":method", "POST")
    add(":scheme", configuration.usesTLS ? "https" : "http")
    add(":path", method.path)
    add(":authority", core.authority)
    let isWeb = configuration.protocol == .grpcWeb
    if !isWeb { add("te", "trailers") }
    add("content-type", configuration.protocol.contentType)
    if let compression { add("grpc-encoding", compression.name) }
    let accepted = configuration.acceptedCompression.filter { $0 != .identity }
    if !accepted.isEmpty { add("grpc-accept-encoding", "identity," + accepted.map(\.name).joined(separator: ",")) }
    add("user-agent", configuration.userAgent)
    // Where gRPC-Web has it, since pages can't set the other.
    if isWeb { add("x-user-agent", configuration.userAgent) }
    return HeaderFields(fields)
  }

  /// - Parameters:
  ///   - timeout: nanoseconds that are left of the call; nil: no deadline.
  ///   - previousAttempts: how often the call was sent before.
  static func fields(
    _ base: HeaderFields, _ metadata: Metadata, timeout: UInt64?, previousAttempts: Int
  ) -> HeaderFields {
    if timeout == nil, previousAttempts == 0, metadata.isEmpty { return base }
    var fields: [(name: String, value: [UInt8])] = []
    fields.reserveCapacity(metadata.count + 2)
    if let timeout { fields.append(("grpc-timeout", Array(GRPCTimeout.text(timeout).utf8))) }
    if previousAttempts > 0 { fields.append(("grpc-previous-rpc-attempts", Array("\(previousAttempts)".utf8))) }
    for entry in metadata { fields.append((entry.name, Metadata.wireValue(entry.value))) }
    return HeaderFields(base, adding: fields)
  }
}

/// The heads that the calls of a channel on one loop begin with, each made once.
struct RequestHeads {
  private struct Key: Hashable {
    let method: MethodDescriptor
    let compression: CompressionAlgorithm?
  }

  /// Programs have as many methods as their contracts; those that make methods up lose only time.
  private static let limit = 1000

  private var made: [Key: HeaderFields] = [:]

  mutating func base(_ plan: CallPlan, core: ChannelCore) -> HeaderFields {
    let key = Key(method: plan.method, compression: plan.compression)
    if let found = made[key] { return found }
    if made.count >= Self.limit { made = [:] }
    let base = RequestHead.base(plan.method, plan.compression, core: core)
    made[key] = base
    return base
  }
}
