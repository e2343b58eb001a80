internal import HTTP
internal import RPCCore

/// The head of a request.
/// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests
/// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md
enum RequestHead {
  /// - Parameters:
  ///   - timeout: nanoseconds that are left of the call; nil: no deadline.
  ///   - previousAttempts: how often the call was sent before.
  static func fields(
    _ plan: CallPlan, _ metadata: Metadata, timeout: UInt64?, previousAttempts: Int, core: ChannelCore
  ) -> HeaderFields {
    let configuration = core.configuration
    var fields: [(name: String, value: [UInt8])] = [
      (":method", Array("POST".utf8)), (":scheme", Array((configuration.usesTLS ? "https" : "http").utf8)),
      (":path", Array(plan.method.path.utf8)), (":authority", Array(core.authority.utf8)),
    ]
    let isWeb = configuration.protocol == .grpcWeb
    func add(_ name: String, _ value: String) { fields.append((name, Array(value.utf8))) }
    if !isWeb { add("te", "trailers") }
    if let timeout { add("grpc-timeout", GRPCTimeout.text(timeout)) }
    add("content-type", configuration.protocol.contentType)
    if let compression = plan.compression { add("grpc-encoding", compression.name) }
    let accepted = configuration.acceptedCompression.filter { $0 != .identity }
    if !accepted.isEmpty { add("grpc-accept-encoding", "identity," + accepted.map(\.name).joined(separator: ",")) }
    add("user-agent", configuration.userAgent)
    // Where gRPC-Web has it, since pages can't set the other.
    if isWeb { add("x-user-agent", configuration.userAgent) }
    if previousAttempts > 0 { add("grpc-previous-rpc-attempts", "\(previousAttempts)") }
    for entry in metadata { fields.append((entry.name, Metadata.wireValue(entry.value))) }
    return HeaderFields(fields)
  }
}
