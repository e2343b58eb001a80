internal import COpenSSL

// @unchecked Sendable: OpenSSL's contexts may be used by several threads once they are set up, and their counts are
// atomic.
/// What a server's sessions are made from: certificates, keys and rules, as they were when they were loaded. Any
/// thread.
public final class TLSContext: @unchecked Sendable {
  /// One for each certificate, the first for clients that don't ask for one of the others' names.
  private let contexts: [SSLContext]
  /// How long each of the certificates is valid.
  public let validities: [TLSValidity]

  /// Reads the files.
  /// - Parameter now: seconds since 1970.
  /// - Throws: `TLSError` naming the file that is at fault: one that can't be read or has nothing of use, a key that
  ///   does not belong to its certificate or is encrypted, a certificate that has expired or is not valid yet.
  public init(_ configuration: TLSConfiguration, now: Int64 = WallClock.seconds()) throws(TLSError) {
    guard !configuration.certificates.isEmpty else { throw TLSError(.credentials, "a server needs a certificate") }
    var contexts: [SSLContext] = []
    var validities: [TLSValidity] = []
    for certificate in configuration.certificates {
      let context = try Self.makeContext(configuration)
      try context.use(certificate)
      validities.append(try TLSValidity(of: context.pointer, source: certificate.chain.name, now: now))
      contexts.append(context)
    }
    self.contexts = contexts
    self.validities = validities
    if contexts.count > 1 {
      // Each session keeps this object, so it is there for as long as it can be asked.
      copenssl_choose_by_name(contexts[0].pointer, chooseByName, Unmanaged.passUnretained(self).toOpaque())
    }
  }

  func makeSession() throws(TLSError) -> OpaquePointer {
    guard let session = SSL_new(contexts[0].pointer) else { throw .latest(.system, "OpenSSL makes no session") }
    SSL_set_accept_state(session)
    return session
  }

  /// The context of the certificate that carries the name; nil if it is the first one, or none.
  fileprivate func context(forName name: UnsafePointer<CChar>) -> OpaquePointer? {
    contexts.dropFirst().first { X509_check_host(SSL_CTX_get0_certificate($0.pointer), name, 0, 0, nil) == 1 }?.pointer
  }

  private static func makeContext(_ configuration: TLSConfiguration) throws(TLSError) -> SSLContext {
    let context = try SSLContext(
      TLS_server_method(), minimumVersion: configuration.minimumVersion, protocols: configuration.applicationProtocols)
    context.requireProtocols()
    switch configuration.clientCertificates {
    case .none: break
    case .optional(let authorities): try context.trust(authorities, toSign: "clients'", SSL_VERIFY_PEER)
    case .required(let authorities):
      try context.trust(authorities, toSign: "clients'", SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT)
    }
    return context
  }
}

/// RFC 6066, section 3: a name that nobody has is no reason to refuse; the client will see whose certificate it gets.
private func chooseByName(
  _ session: OpaquePointer?, _ alert: UnsafeMutablePointer<Int32>?, _ subject: UnsafeMutableRawPointer?
) -> Int32 {
  guard let session, let subject, let name = SSL_get_servername(session, TLSEXT_NAMETYPE_host_name) else {
    return SSL_TLSEXT_ERR_NOACK
  }
  let context = Unmanaged<TLSContext>.fromOpaque(subject).takeUnretainedValue()
  if let chosen = context.context(forName: name) { SSL_set_SSL_CTX(session, chosen) }
  return SSL_TLSEXT_ERR_OK
}
