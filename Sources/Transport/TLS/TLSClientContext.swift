internal import COpenSSL

// @unchecked Sendable: OpenSSL's contexts may be used by several threads once they are set up, and their counts are
// atomic.
/// What a client's sessions are made from: whom it trusts and what it shows, as it was when it was loaded. Any thread.
public final class TLSClientContext: @unchecked Sendable {
  private let context: SSLContext
  /// How long the client's certificate is valid; nil if it has none.
  public let validity: TLSValidity?
  /// Whether the server must choose an application protocol.
  let requiresProtocol: Bool

  /// Reads the files.
  /// - Parameter now: seconds since 1970.
  /// - Throws: `TLSError` naming the file that is at fault, as `TLSContext` does.
  public init(_ configuration: TLSClientConfiguration, now: Int64 = WallClock.seconds()) throws(TLSError) {
    context = try SSLContext(
      TLS_client_method(), minimumVersion: configuration.minimumVersion, protocols: configuration.applicationProtocols)
    requiresProtocol = !configuration.applicationProtocols.isEmpty
    try context.offerProtocols()
    switch configuration.authorities {
    case .system:
      guard SSL_CTX_set_default_verify_paths(context.pointer) == 1 else {
        throw .latest(.credentials, "the system's authorities can't be read")
      }
      SSL_CTX_set_verify(context.pointer, SSL_VERIFY_PEER, nil)
    case .signedBy(let authorities):
      try context.trust(authorities, toSign: "servers'", SSL_VERIFY_PEER)
    }
    if let certificate = configuration.certificate {
      try context.use(certificate)
      validity = try TLSValidity(of: context.pointer, source: certificate.chain.name, now: now)
    } else {
      validity = nil
    }
  }

  /// A session with a host. An IP address must be in the certificate as one; a name is also sent to the server (SNI),
  /// which no address may be (RFC 6066, section 3).
  func makeSession(host: String) throws(TLSError) -> OpaquePointer {
    // A full stop at the end marks a name as absolute, and is not part of it (RFC 6066, section 3).
    let name = host.last == "." ? String(host.dropLast()) : host
    // OpenSSL would check no name at all, or only its end.
    guard !name.isEmpty, name.first != ".", !name.utf8.contains(0) else {
      throw TLSError(.configuration, "a server's certificate can't be checked without the name of its host")
    }
    guard let session = SSL_new(context.pointer) else { throw .latest(.system, "OpenSSL makes no session") }
    guard copenssl_expect_host(session, name) == 1 else {
      SSL_free(session)
      throw .latest(.configuration, "this can't be the name of a server's host")
    }
    SSL_set_connect_state(session)
    return session
  }
}
