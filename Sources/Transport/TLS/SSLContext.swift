internal import COpenSSL

/// An SSL_CTX, with what both roles have in common. One thread sets it up; afterwards sessions are made from it and it
/// is not changed.
final class SSLContext {
  let pointer: OpaquePointer
  /// Application protocols as ALPN lists them: two bytes with the length of the whole, then each with a byte of length
  /// before it (RFC 7301, section 3.1). OpenSSL refers to it.
  private let protocols: UnsafeMutableBufferPointer<UInt8>

  /// - Parameters:
  ///   - method: `TLS_server_method()` or `TLS_client_method()`.
  ///   - protocols: in the order of preference.
  init(
    _ method: OpaquePointer?, minimumVersion: TLSConfiguration.Version, protocols: [String]
  ) throws(TLSError) {
    let list = try Self.protocolList(protocols)
    ERR_clear_error()
    guard let pointer = SSL_CTX_new(method) else { throw .latest(.system, "OpenSSL makes no context") }
    self.pointer = pointer
    self.protocols = .allocate(capacity: list.count)
    _ = self.protocols.initialize(from: list)
    guard copenssl_harden(pointer, minimumVersion == .tls13 ? TLS1_3_VERSION : TLS1_2_VERSION) == 1 else {
      throw .latest(.system, "OpenSSL refuses our settings")
    }
  }

  deinit {
    SSL_CTX_free(pointer)
    protocols.deallocate()
  }

  private static func protocolList(_ protocols: [String]) throws(TLSError) -> [UInt8] {
    var list: [UInt8] = []
    for name in protocols {
      guard (1...255).contains(name.utf8.count) else {
        throw TLSError(.configuration, "an application protocol's name has 1 to 255 bytes")
      }
      list.append(UInt8(name.utf8.count))
      list += name.utf8
    }
    guard list.count <= UInt16.max else { throw TLSError(.configuration, "there are too many application protocols") }
    return [UInt8(list.count >> 8), UInt8(list.count & 0xff)] + list
  }

  /// For a server: clients must offer one of the protocols; the first of ours that they offer is chosen.
  func requireProtocols() {
    guard protocols.count > 2, let list = protocols.baseAddress else { return }
    copenssl_require_protocols(pointer, list)
  }

  /// For a client.
  func offerProtocols() throws(TLSError) {
    guard protocols.count > 2 else { return }
    let list = UnsafeBufferPointer(rebasing: protocols[2...])
    // Zero is success, unlike elsewhere.
    guard SSL_CTX_set_alpn_protos(pointer, list.baseAddress, UInt32(list.count)) == 0 else {
      throw .latest(.system, "OpenSSL refuses our settings")
    }
  }

  /// Takes a certificate and its key to show to the peer.
  func use(_ certificate: TLSCertificate) throws(TLSError) {
    let chain = try certificate.chain.load()
    guard
      chain.withUnsafeBytes({ copenssl_use_chain(pointer, $0.baseAddress ?? empty, Int32(clamping: $0.count)) }) == 1
    else {
      throw .latest(.credentials, "\(certificate.chain.name) has no certificate that can be used")
    }
    let key = try certificate.key.load()
    var isEncrypted: Int32 = 0
    let isUsed = key.withUnsafeBytes {
      copenssl_use_key(pointer, $0.baseAddress ?? empty, Int32(clamping: $0.count), &isEncrypted)
    }
    guard isUsed == 1 else {
      if isEncrypted != 0 {
        ERR_clear_error()
        throw TLSError(
          .credentials,
          "\(certificate.key.name) is encrypted, and the server can't ask for its password; `openssl pkey` can remove it"
        )
      }
      throw .latest(.credentials, "\(certificate.key.name) has no key that belongs to \(certificate.chain.name)")
    }
  }

  /// Trusts these certificates to sign the peer's.
  /// - Parameters:
  ///   - peers: whose certificates they sign, for the error.
  ///   - mode: SSL_VERIFY_PEER, and what else a server asks for.
  func trust(_ authorities: PEM, toSign peers: String, _ mode: Int32) throws(TLSError) {
    let text = try authorities.load()
    let count = text.withUnsafeBytes { copenssl_trust(pointer, $0.baseAddress ?? empty, Int32(clamping: $0.count)) }
    guard count > 0 else {
      throw .latest(.credentials, "\(authorities.name) has no certificates that \(peers) could be signed by")
    }
    SSL_CTX_set_verify(pointer, mode, nil)
  }

  private var empty: UnsafeRawPointer { UnsafeRawPointer(bitPattern: 1).unsafelyUnwrapped }
}
