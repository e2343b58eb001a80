internal import COpenSSL
internal import Primitives

extension TransportSecurity {
  /// What the handshake of a session has found.
  convenience init(_ session: OpaquePointer) {
    self.init(
      version: String(cString: SSL_get_version(session)),
      cipher: SSL_CIPHER_get_name(SSL_get_current_cipher(session)).map { String(cString: $0) } ?? "",
      serverName: SSL_get_servername(session, TLSEXT_NAMETYPE_host_name).map { String(cString: $0) },
      applicationProtocol: Self.applicationProtocol(session), isResumed: SSL_session_reused(session) == 1,
      peerCertificate: SSL_get0_peer_certificate(session).flatMap(PeerCertificate.init))
  }

  private static func applicationProtocol(_ session: OpaquePointer) -> String? {
    var name: UnsafePointer<UInt8>?
    var count: UInt32 = 0
    SSL_get0_alpn_selected(session, &name, &count)
    return count == 0 ? nil : String(decoding: UnsafeBufferPointer(start: name, count: Int(count)), as: UTF8.self)
  }
}

extension PeerCertificate {
  fileprivate init?(_ certificate: OpaquePointer) {
    let size = i2d_X509(certificate, nil)
    guard size > 0 else { return nil }
    let encoding = [UInt8](unsafeUninitializedCapacity: Int(size)) { buffer, count in
      var place = buffer.baseAddress
      count = Int(max(0, i2d_X509(certificate, &place)))
    }
    let names = NameCollector()
    copenssl_each_name(certificate, collect, Unmanaged.passUnretained(names).toOpaque())
    self.init(
      commonName: Self.commonName(certificate), dnsNames: names.dns, uris: names.uris, emails: names.emails,
      derEncoding: encoding)
  }

  private static func commonName(_ certificate: OpaquePointer) -> String? {
    var text: UnsafeMutablePointer<UInt8>?
    let count = copenssl_common_name(certificate, &text)
    guard count >= 0, let text else { return nil }
    defer { copenssl_free(text) }
    return String(validating: UnsafeBufferPointer(start: text, count: Int(count)), as: UTF8.self)
  }
}

private final class NameCollector {
  var dns: [String] = []
  var uris: [String] = []
  var emails: [String] = []

  /// A name with a NUL in it is meant to be read as another one (CVE-2009-2408): it is none.
  func add(_ type: Int32, _ bytes: UnsafeBufferPointer<UInt8>) {
    guard !bytes.contains(0), let text = String(validating: bytes, as: UTF8.self) else { return }
    switch type {
    case GEN_DNS: dns.append(text)
    case GEN_URI: uris.append(text)
    case GEN_EMAIL: emails.append(text)
    default: break
    }
  }
}

private func collect(
  _ subject: UnsafeMutableRawPointer, _ type: Int32, _ text: UnsafePointer<CChar>, _ count: Int32
) {
  let names = Unmanaged<NameCollector>.fromOpaque(subject).takeUnretainedValue()
  text.withMemoryRebound(to: UInt8.self, capacity: Int(count)) {
    names.add(type, UnsafeBufferPointer(start: $0, count: Int(count)))
  }
}
