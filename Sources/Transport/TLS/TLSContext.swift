internal import COpenSSL

// @unchecked Sendable: OpenSSL's contexts may be used by several threads once they are set up, and their counts are
// atomic.
/// What sessions are made from: certificates, keys and rules, as they were when they were loaded. Any thread.
public final class TLSContext: @unchecked Sendable {
  /// One for each certificate, the first for clients that don't ask for one of the others' names.
  private let contexts: [OpaquePointer]
  /// How long each of the certificates is valid.
  public let validities: [TLSValidity]

  /// Reads the files.
  /// - Parameter now: seconds since 1970.
  /// - Throws: `TLSError` naming the file that is at fault: one that can't be read or has nothing of use, a key that
  ///   does not belong to its certificate or is encrypted, a certificate that has expired or is not valid yet.
  public init(_ configuration: TLSConfiguration, now: Int64 = WallClock.seconds()) throws(TLSError) {
    guard !configuration.certificates.isEmpty else { throw TLSError(.credentials, "a server needs a certificate") }
    var made: [OpaquePointer] = []
    var validities: [TLSValidity] = []
    do throws(TLSError) {
      for certificate in configuration.certificates {
        let context = try Self.makeContext(configuration)
        made.append(context)
        try Self.use(certificate, in: context)
        validities.append(try TLSValidity(of: context, source: certificate.chain.name, now: now))
      }
    } catch {
      for context in made { SSL_CTX_free(context) }
      throw error
    }
    contexts = made
    self.validities = validities
    if made.count > 1 {
      // Each session keeps this object, so it is there for as long as it can be asked.
      copenssl_choose_by_name(made[0], chooseByName, Unmanaged.passUnretained(self).toOpaque())
    }
  }

  deinit { for context in contexts { SSL_CTX_free(context) } }

  func makeSession() -> OpaquePointer? { SSL_new(contexts[0]) }

  /// The context of the certificate that carries the name; nil if it is the first one, or none.
  fileprivate func context(forName name: UnsafePointer<CChar>) -> OpaquePointer? {
    contexts.dropFirst().first { X509_check_host(SSL_CTX_get0_certificate($0), name, 0, 0, nil) == 1 }
  }

  private static func makeContext(_ configuration: TLSConfiguration) throws(TLSError) -> OpaquePointer {
    ERR_clear_error()
    let version = configuration.minimumVersion == .tls13 ? TLS1_3_VERSION : TLS1_2_VERSION
    guard let context = SSL_CTX_new(TLS_server_method()) else { throw .latest(.system, "OpenSSL makes no context") }
    do throws(TLSError) {
      guard copenssl_harden(context, version) == 1 else { throw .latest(.system, "OpenSSL refuses our settings") }
      copenssl_require_h2(context)
      switch configuration.clientCertificates {
      case .none: break
      case .optional(let authorities): try trust(authorities, in: context, SSL_VERIFY_PEER)
      case .required(let authorities):
        try trust(authorities, in: context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT)
      }
      return context
    } catch {
      SSL_CTX_free(context)
      throw error
    }
  }

  private static func use(_ certificate: TLSCertificate, in context: OpaquePointer) throws(TLSError) {
    let chain = try certificate.chain.load()
    guard
      chain.withUnsafeBytes({ copenssl_use_chain(context, $0.baseAddress ?? empty, Int32(clamping: $0.count)) }) == 1
    else {
      throw .latest(.credentials, "\(certificate.chain.name) has no certificate that can be used")
    }
    let key = try certificate.key.load()
    var isEncrypted: Int32 = 0
    let isUsed = key.withUnsafeBytes {
      copenssl_use_key(context, $0.baseAddress ?? empty, Int32(clamping: $0.count), &isEncrypted)
    }
    guard isUsed == 1 else {
      if isEncrypted != 0 {
        ERR_clear_error()
        throw TLSError(
          .credentials,
          "\(certificate.key.name) is encrypted, and nobody can be asked for its password; `openssl pkey` can remove it"
        )
      }
      throw .latest(.credentials, "\(certificate.key.name) has no key that belongs to \(certificate.chain.name)")
    }
  }

  private static func trust(_ authorities: PEM, in context: OpaquePointer, _ mode: Int32) throws(TLSError) {
    let text = try authorities.load()
    let count = text.withUnsafeBytes { copenssl_trust(context, $0.baseAddress ?? empty, Int32(clamping: $0.count)) }
    guard count > 0 else {
      throw .latest(.credentials, "\(authorities.name) has no certificates that clients' could be signed by")
    }
    SSL_CTX_set_verify(context, mode, nil)
  }

  private static var empty: UnsafeRawPointer { UnsafeRawPointer(bitPattern: 1).unsafelyUnwrapped }
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
