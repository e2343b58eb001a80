import COpenSSL
import Primitives
import TestPeer
import Transport

/// A client's end over memory, by OpenSSL itself.
final class TestClient {
  struct Settings {
    var alpn: [UInt8] = [2] + Array("h2".utf8)
    var serverName: String? = "localhost"
    var version: ClosedRange<Int32> = TLS1_2_VERSION...TLS1_3_VERSION
    /// Whom it trusts, and what it shows.
    var authority = TestCertificates.localhost
    var identity: TestCertificates?
    /// A session to go on with.
    var session: OpaquePointer?
  }

  private let context: OpaquePointer
  let session: OpaquePointer
  private let input: OpaquePointer
  private let output: OpaquePointer
  private(set) var isOpen = false
  /// What OpenSSL says is wrong, such as the alert that came.
  private(set) var failure: String?

  init(_ settings: Settings = Settings()) {
    guard let context = SSL_CTX_new(TLS_client_method()) else { preconditionFailure("OpenSSL makes no context") }
    self.context = context
    // Ours alone decide: old versions must be refused by the server.
    SSL_CTX_set_security_level(context, 0)
    SSL_CTX_set_cipher_list(context, "ALL:@SECLEVEL=0")
    SSL_CTX_load_verify_locations(context, settings.authority.path("ca.pem"), nil)
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
    if let identity = settings.identity {
      SSL_CTX_use_certificate_chain_file(context, identity.path("client.pem"))
      SSL_CTX_use_PrivateKey_file(context, identity.path("client-key.pem"), SSL_FILETYPE_PEM)
    }
    guard let session = SSL_new(context), let input = BIO_new(BIO_s_mem()), let output = BIO_new(BIO_s_mem()) else {
      preconditionFailure("OpenSSL makes no session")
    }
    self.session = session
    self.input = input
    self.output = output
    SSL_set_bio(session, input, output)
    SSL_ctrl(session, SSL_CTRL_SET_MIN_PROTO_VERSION, Int(settings.version.lowerBound), nil)
    SSL_ctrl(session, SSL_CTRL_SET_MAX_PROTO_VERSION, Int(settings.version.upperBound), nil)
    if !settings.alpn.isEmpty { SSL_set_alpn_protos(session, settings.alpn, UInt32(settings.alpn.count)) }
    if let name = settings.serverName {
      var copy = name.utf8CString
      _ = copy.withUnsafeMutableBytes {
        SSL_ctrl(session, SSL_CTRL_SET_TLSEXT_HOSTNAME, Int(TLSEXT_NAMETYPE_host_name), $0.baseAddress)
      }
      SSL_set1_host(session, name)
    }
    if let earlier = settings.session { SSL_set_session(session, earlier) }
    SSL_set_connect_state(session)
  }

  deinit {
    SSL_free(session)
    SSL_CTX_free(context)
  }

  /// The alternative names of the server's certificate.
  var serverNames: [String] {
    guard let certificate = SSL_get0_peer_certificate(session) else { return [] }
    return ["localhost", "other.example"].filter { X509_check_host(certificate, $0, 0, 0, nil) == 1 }
  }

  func handshake() {
    guard !isOpen, failure == nil else { return }
    ERR_clear_error()
    note(SSL_do_handshake(session)) { isOpen = true }
  }

  func send(_ bytes: [UInt8]) { note(SSL_write(session, bytes, Int32(bytes.count))) {} }

  func end() { SSL_shutdown(session) }

  func receive() -> [UInt8] {
    var all: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16_384)
    ERR_clear_error()
    while true {
      let count = SSL_read(session, &buffer, Int32(buffer.count))
      note(count) {}
      guard count > 0 else { return all }
      all += buffer[..<Int(count)]
    }
  }

  /// Ciphertext for the server.
  func takeOutput() -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: BIO_ctrl_pending(output))
    let count = BIO_read(output, &bytes, Int32(bytes.count))
    return Array(bytes.prefix(Int(max(0, count))))
  }

  func put(_ ciphertext: UnsafeRawBufferPointer) { BIO_write(input, ciphertext.baseAddress, Int32(ciphertext.count)) }

  private func note(_ result: Int32, _ success: () -> Void) {
    if result > 0 { return success() }
    guard SSL_get_error(session, result) == SSL_ERROR_SSL, failure == nil else { return }
    failure = String(cString: ERR_reason_error_string(ERR_get_error()))
  }
}

/// A client and a server with a buffers between them.
final class TestPair {
  let client: TestClient
  let server: TLSSession
  private let buffers = TLSBuffers()
  /// Plaintext that came to the server.
  private(set) var received: [UInt8] = []
  private(set) var error: TLSError?

  init(_ context: TLSContext, _ settings: TestClient.Settings = .init()) throws {
    client = TestClient(settings)
    server = try TLSSession(context, buffers: buffers)
  }

  /// Carries what there is to and fro until nothing moves, in pieces of at most so many bytes.
  func run(piece: Int = .max) {
    while true {
      client.handshake()
      let bytes = client.takeOutput()
      if bytes.isEmpty { return }
      var start = 0
      while start < bytes.count {
        let end = piece < bytes.count - start ? start + piece : bytes.count
        deliver(bytes[start..<end])
        start = end
      }
      flush()
    }
  }

  func deliver(_ bytes: ArraySlice<UInt8>) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 16_384, alignment: 16)
    defer { buffer.deallocate() }
    bytes.withUnsafeBytes { bytes in
      server.receive(bytes)
      do throws(TLSError) {
        while case let count = try server.read(into: buffer), count > 0 { received += buffer[..<count] }
      } catch {
        self.error = error
      }
    }
  }

  /// Has the server's ciphertext come to the client.
  func flush() {
    client.put(buffers.output)
    buffers.removeOutput()
    client.handshake()
  }
}
