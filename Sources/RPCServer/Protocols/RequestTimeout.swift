package import HTTP
import RPCCore

/// The deadline of requests that are no calls of gRPC, by gRPC's own field, as gRPC's gateway has it.
package enum RequestTimeout {
  /// Nanoseconds; nil without one. One that is malformed is refused.
  package static func read(_ fields: HeaderBlock, _ head: inout RequestHead) -> UInt64? {
    var timeout: UInt64?
    var isMalformed = false
    fields.forEach { name, value in
      guard name.equals("grpc-timeout") else { return }
      timeout = GRPCTimeout.parse(value)
      isMalformed = timeout == nil
    }
    if isMalformed { head.refusal = .init(RPCError(.invalidArgument, "grpc-timeout is malformed")) }
    return timeout
  }
}
