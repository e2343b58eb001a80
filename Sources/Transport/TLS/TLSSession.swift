internal import COpenSSL
public import Primitives

/// A server's end of a TLS connection: takes and gives bytes, and touches no socket. Belongs to one thread.
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
  public private(set) var state = State.handshake
  /// What the handshake found; nil before it is over.
  public private(set) var security: TransportSecurity?
  private let session: OpaquePointer
  private let buffers: TLSBuffers
  /// Asked for a certificate by the name that the client wants.
  private let context: TLSContext

  /// - Throws: `TLSError` if there is no memory.
  public init(_ context: TLSContext, buffers: TLSBuffers) throws(TLSError) {
    self.context = context
    self.buffers = buffers
    guard let session = context.makeSession() else { throw .latest(.system, "OpenSSL makes no session") }
    guard let bio = copenssl_wire_bio(buffers.pointer) else {
      SSL_free(session)
      throw .latest(.system, "OpenSSL makes no BIO")
    }
    // The session owns it, for both directions.
    SSL_set_bio(session, bio, bio)
    SSL_set_accept_state(session)
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
    ERR_clear_error()
    if state == .handshake {
      let result = SSL_do_handshake(session)
      guard result == 1 else {
        try check(result)
        return 0
      }
      state = .open
      security = TransportSecurity(session)
    }
    let count = SSL_read(session, plaintext.baseAddress, Int32(clamping: plaintext.count))
    if count > 0 { return Int(count) }
    try check(count)
    return 0
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
      throw .latest(.peer, phase)
    }
  }
}
