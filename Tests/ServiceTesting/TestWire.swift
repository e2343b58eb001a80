import EventLoop
import Glibc
import RPCServer
package import TestPeer
import TestSupport
import Transport

/// What is between the tests' clients and a service.
package enum TestWire: CaseIterable, Sendable {
  /// A socket pair for each connection, without a port.
  case memory
  case tcp
  /// TCP with TLS.
  case tls

  /// Has the server serve over this wire.
  /// - Returns: what connects a client with a window for each response.
  func open(_ server: GRPCServer) throws -> @Sendable (_ streamWindow: Int32) async throws -> TestClient {
    let anyPort = SocketAddress.tcp(host: "127.0.0.1", port: 0)
    switch self {
    case .memory:
      return { window in
        var ends: [Int32] = [0, 0]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0 else {
          throw TestFailure("socketpair: \(errno)")
        }
        server.serve(connected: ends[0])
        return try await TestClient(descriptor: ends[1], streamWindow: window)
      }
    case .tcp:
      let address = try server.listen(on: anyPort)[0]
      return { try await TestClient(address, streamWindow: $0) }
    case .tls:
      let certificates = TestCertificates.localhost
      let address = try server.listen(on: anyPort, tls: TLSCredentials(certificates.configuration))[0]
      var configuration = TLSClientConfiguration()
      configuration.authorities = .signedBy(certificates.pem("ca.pem"))
      let context = try TLSClientContext(configuration)
      return { try await TestClient(address, tls: (context, host: "localhost"), streamWindow: $0) }
    }
  }
}
