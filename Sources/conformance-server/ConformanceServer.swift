import ConformanceAPI
import EventLoop
import Glibc
import ProtoWire
import RPCCore
import RPCServer
import Transport

/// The server under test for the Connect project's conformance runner. It reads a ServerCompatRequest from standard
/// input, serves as that specifies, writes its address to standard output, and stops on SIGTERM.
/// https://github.com/connectrpc/conformance/blob/main/docs/testing_servers.md
@main
enum ConformanceServer {
  static func main() {
    do {
      // Before the process starts a thread.
      let signals = try SignalSource(SIGTERM, SIGINT)
      try serve(try Pipe.read(ServerCompatRequest.self), until: signals)
    } catch {
      Pipe.complain("conformance-server: \(error)")
      exit(1)
    }
  }

  private static func serve(_ request: ServerCompatRequest, until signals: SignalSource) throws {
    guard request.httpVersion == .httpVersion1 || request.httpVersion == .httpVersion2,
      request.protocol != .grpc || request.httpVersion == .httpVersion2
    else { throw Refusal(reason: "HTTP/1.1 and HTTP/2 are served, and gRPC over the latter") }
    let certificate = request.useTls ? try TLSCertificate(request) : nil
    let credentials = try certificate.map { try TLSCredentials(tlsConfiguration($0, request)) }
    let group = try EventLoopGroup(count: EventLoopGroup.processorCount)
    var configuration = ServerConfiguration()
    if request.messageReceiveLimit > 0 { configuration.maximumRequestSize = Int(request.messageReceiveLimit) }
    configuration.web = WebConfiguration()
    configuration.connect = ConnectConfiguration()
    let server = try GRPCServer(services: [ConformanceHandlers()], configuration: configuration, loops: group)
    guard
      case .tcp(let host, let port)? = try server.listen(on: .tcp(host: "127.0.0.1", port: 0), tls: credentials).first
    else { return }
    try Pipe.write(
      ServerCompatResponse.with {
        $0.host = host
        $0.port = UInt32(port)
        if case .text(let pem) = certificate?.chain { $0.pemCert = pem }
      })
    let stop = Latch()
    try signals.watch(on: group.loops[0]) { stop.open() }
    stop.wait()
    Latch.wait { await server.shutdown(grace: .seconds(5)) }
    group.shutdown()
  }

  /// The client's certificate is self-signed: it is its own CA.
  private static func tlsConfiguration(_ certificate: TLSCertificate, _ request: ServerCompatRequest)
    -> TLSConfiguration
  {
    var configuration = TLSConfiguration(certificates: [certificate])
    configuration.applicationProtocols = request.httpVersion == .httpVersion1 ? ["http/1.1"] : ["h2"]
    if !request.clientTlsCert.isEmpty {
      configuration.clientCertificates = .required(signedBy: .text(request.clientTlsCert))
    }
    return configuration
  }

  struct Refusal: Swift.Error, CustomStringConvertible {
    let reason: String
    var description: String { reason }
  }
}

extension TLSCertificate {
  fileprivate init(_ request: ServerCompatRequest) throws {
    guard let given = request.serverCreds else { throw ConformanceServer.Refusal(reason: "TLS needs server_creds") }
    self.init(chain: .text(given.cert), key: .text(given.key))
  }
}
