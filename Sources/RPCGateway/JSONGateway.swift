public import ProtoWire
public import RPCCore
public import RPCServer

/// JSON over HTTP for clients that don't speak gRPC: the methods of services, reached as their option `google.api.http`
/// says. Deadlines (`grpc-timeout`), limits, interceptors and errors are those of calls.
///
/// ```swift
/// configuration.serve(try JSONGateway(services: [MyGreeter()]))
/// ```
///
/// Unary responses are JSON. A stream is a line of JSON for each message (`application/x-ndjson`), or server-sent
/// events if the client asks for `text/event-stream`; one that fails ends with a line `{"error": …}` and breaks off. A
/// stream of requests is lines of JSON. Errors have the form of AIP-193, those of the gateway itself included.
public struct JSONGateway: Sendable {
  let bindings: [HTTPBinding]
  let router: PathRouter
  let types: TypeIndex
  let transcoder: JSONTranscoder
  let errors: ErrorDocument

  /// Reads the rules of all methods of the services; those without one are not served.
  /// - Parameters:
  ///   - services: the services.
  ///   - types: further files, of messages that are sent in `Any`; those of google/rpc are known.
  /// - Throws: `GatewayError` if a rule is malformed, or two methods have the same path.
  public init(services: [any ServiceProvider], types files: [ProtoFile] = []) throws(GatewayError) {
    try self.init(describing: services.map { type(of: $0).serviceDescriptor }, types: files)
  }

  /// The same, without implementations: for a document of services that somebody else serves.
  /// - Throws: as above.
  public init(describing descriptors: [ServiceDescriptor], types files: [ProtoFile] = []) throws(GatewayError) {
    let all = descriptors.map(\.file) + files + [.google_rpc_status, .google_rpc_error_details]
    types = try TypeIndex(all)
    do throws(JSONError) {
      transcoder = JSONTranscoder(pool: try DescriptorPool(files: all))
    } catch {
      throw GatewayError("the descriptors can't be read: \(error)")
    }
    errors = ErrorDocument(transcoder)
    var router = PathRouter()
    var bindings: [HTTPBinding] = []
    for method in descriptors.flatMap(\.methods) {
      for binding in try HTTPBinding.all(of: method, types) {
        do throws(GatewayError) {
          _ = try router.add(binding.template, method: binding.method)
        } catch {
          throw GatewayError("\(method): \(error)")
        }
        bindings.append(binding)
      }
    }
    self.router = router
    self.bindings = bindings
  }
}

extension ServerConfiguration {
  /// Serves a gateway. The gateway answers every request that no other protocol takes, so protocols that were added
  /// before it go first.
  public mutating func serve(_ gateway: JSONGateway) { protocols.append(GatewayProtocol(gateway)) }
}
