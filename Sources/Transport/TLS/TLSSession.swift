internal import COpenSSL
public import Primitives

/// One end of a TLS connection, a server's or a client's: takes and gives bytes, and touches no socket. Belongs to one
/// thread.
///
/// ```swift
/// session.receive(ciphertext)
/// while case let count = try session.read(into: buffer), count > 0 { … }
/// // `buffers.output` is to be sent, whether or not something was thrown: it may be the alert that tells the peer why.
/// ```
public final class TLSSession {
  /// How far a session is.
  public enum State: Sendable, Equatable {
    /// TLS is being agreed on: no application data yet, either way.
    case handshake
    /// Application data can be read and written.
    case open
    /// The peer has said that nothing follows (close_notify).
    case ended
    /// An error was thrown; only `buffers.output` is still of use.
    case failed
  }

  /// How far it is. `read` and `write` move it on.
  public private(set) var state = State.handshake {
    // What came behind is read by nobody: the buffers are other sessions' too.
    didSet { if state == .failed || state == .ended { buffers.removeInput() } }
  }
  /// What the handshake found; nil before it is over.
  public private(set) var security: TransportSecurity?
  private let session: OpaquePointer
  private let buffers: TLSBuffers
  /// The session refers to it.
  private let context: AnyObject
  /// The handshake fails if it ends without an application protocol.
  private let requiresProtocol: Bool

  /// A server's end. It waits for the client to begin.
  /// - Throws: `TLSError` if there is no memory.
  public convenience init(_ context: TLSContext, buffers: TLSBuffers) throws(TLSError) {
    // OpenSSL itself refuses clients that offer no protocol.
    try self.init(context.makeSession(), of: context, requiresProtocol: false, buffers)
  }

  /// A client's end. It begins with `handshake()`.
  /// - Parameter host: whom the server's certificate must be for: a host name, or an IP address without brackets.
  /// - Throws: `TLSError` for a host that can't be checked, or if there is no memory.
  public convenience init(_ context: TLSClientContext, host: String, buffers: TLSBuffers) throws(TLSError) {
    try self.init(
      context.makeSession(host: host), of: context, requiresProtocol: context.requiresProtocol, buffers)
  }

  /// - Parameter session: the new object owns it.
  private init(
    _ session: OpaquePointer, of context: AnyObject, requiresProtocol: Bool, _ buffers: TLSBuffers
  ) throws(TLSError) {
    self.context = context
    self.requiresProtocol = requiresProtocol
    self.buffers = buffers
    guard let bio = copenssl_wire_bio(buffers.pointer) else {
      SSL_free(session)
      throw .latest(.system, "OpenSSL makes no BIO")
    }
    // The session owns it, for both directions.
    SSL_set_bio(session, bio, bio)
    self.session = session
  }

  deinit { SSL_free(session) }

  /// Hands over what the socket brought. To be read until `read` returns 0, while the memory is there.
  public func receive(_ ciphertext: UnsafeRawBufferPointer) {
    buffers.pointer.pointee.input = ciphertext.baseAddress?.assumingMemoryBound(to: UInt8.self)
    buffers.pointer.pointee.input_count = ciphertext.count
  }

  /// Shakes hands, and then deciphers.
  /// - Returns: how many bytes of plaintext there are; 0 if it takes more ciphertext, or `state` is `ended`.
  public func read(into plaintext: UnsafeMutableRawBufferPointer) throws(TLSError) -> Int {
    guard state != .failed, state != .ended else { return 0 }
    if state == .handshake {
      try handshake()
      guard state == .open else { return 0 }
    }
    ERR_clear_error()
    let count = SSL_read(session, plaintext.baseAddress, Int32(clamping: plaintext.count))
    if count > 0 { return Int(count) }
    try check(count)
    return 0
  }

  /// Goes on with the handshake as far as that is possible without more ciphertext. `read` does so as well: only a
  /// client must call it, once, to begin.
  public func handshake() throws(TLSError) {
    guard state == .handshake else { return }
    ERR_clear_error()
    let result = SSL_do_handshake(session)
    guard result == 1 else { return try check(result) }
    let security = TransportSecurity(session)
    guard security.applicationProtocol != nil || !requiresProtocol else {
      // RFC 7301 has no alert for it.
      SSL_shutdown(session)
      state = .failed
      throw TLSError(.peer, "the server chose none of the application protocols that it was offered (ALPN)")
    }
    state = .open
    self.security = security
  }

  /// Enciphers all of it. Only while `state` is `open` or `ended`.
  public func write(_ plaintext: UnsafeRawBufferPointer) throws(TLSError) {
    guard !plaintext.isEmpty else { return }
    ERR_clear_error()
    // The buffers take whatever comes, so there is no part that is left.
    let count = SSL_write(session, plaintext.baseAddress, Int32(clamping: plaintext.count))
    guard count == plaintext.count else {
      state = .failed
      throw .latest(.system, "a record could not be written")
    }
  }

  /// Says that nothing follows (close_notify).
  public func end() {
    guard state == .open || state == .ended else { return }
    ERR_clear_error()
    _ = SSL_shutdown(session)
  }

  private func check(_ result: Int32) throws(TLSError) {
    switch SSL_get_error(session, result) {
    case SSL_ERROR_WANT_READ: break
    case SSL_ERROR_ZERO_RETURN: state = .ended
    default:
      let phase = state == .handshake ? "the TLS handshake failed" : "the peer broke TLS"
      state = .failed
      // What it is that makes the certificate bad is not in the queue of errors.
      let verdict = SSL_get_verify_result(session)
      guard verdict != Int(X509_V_OK), let reason = X509_verify_cert_error_string(verdict) else {
        throw .latest(.peer, phase)
      }
      ERR_clear_error()
      throw TLSError(.peer, "\(phase): the peer's certificate is refused: \(String(cString: reason))")
    }
  }
}
