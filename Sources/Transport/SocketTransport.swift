internal import Glibc
package import Primitives

/// A connection's socket, with TLS over it or without, and what the socket did not take yet. Belongs to its loop's
/// thread.
package final class SocketTransport {
  package enum Failure: Error {
    /// The socket is broken: there is nobody to tell.
    case socket
    case tls(TLSError)
  }

  package let descriptor: Int32
  @exclusivity(unchecked) private var tls: TLSSession?
  private let buffers: TLSBuffers
  /// What the socket did not take, enciphered.
  @exclusivity(unchecked) private var unsent = ByteBuffer()
  /// Bytes that the socket did not take.
  package var unsentCount: Int { unsent.count }
  /// When the socket last took something of `unsent`; nil if that is empty.
  @exclusivity(unchecked) package private(set) var stalledSince: UInt64?

  /// - Parameters:
  ///   - descriptor: a connected socket, which is closed by `close()`.
  ///   - tls: this end of TLS, over the same buffers; nil if the connection has none.
  package init(_ descriptor: Int32, tls: TLSSession?, buffers: TLSBuffers) {
    self.descriptor = descriptor
    self.tls = tls
    self.buffers = buffers
  }

  /// For a client: begins the handshake. Its first message is in `unsent` afterwards.
  package func start(now: UInt64) throws(Failure) {
    defer { keepOutput(now) }
    // The buffers are the loop's: a session that failed may have left ciphertext in them.
    tls?.receive(UnsafeRawBufferPointer(start: nil, count: 0))
    do throws(TLSError) {
      try tls?.handshake()
    } catch {
      throw .tls(error)
    }
  }

  /// nil without TLS, and before the handshake is over.
  package var security: TransportSecurity? { tls?.security }
  /// Whether plaintext may be sent.
  package var isOpen: Bool { tls.map { $0.state == .open } ?? true }
  /// The peer has said that nothing follows.
  package var isEnded: Bool { tls?.state == .ended }

  // MARK: Reading

  /// - Returns: bytes read; 0 at the end, nil if there are none now.
  /// - Throws: if the socket is broken.
  package func read(into buffer: UnsafeMutableRawBufferPointer) throws(Failure) -> Int? {
    while true {
      let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
      if count >= 0 { return count }
      if errno == EAGAIN { return nil }
      if errno != EINTR { throw .socket }
    }
  }

  /// Deciphers what was read, a record at a time. What TLS itself has to answer is in `unsent` afterwards, an alert
  /// included.
  package func decipher(
    _ bytes: UnsafeRawBufferPointer, through buffer: UnsafeMutableRawBufferPointer, now: UInt64,
    _ body: (UnsafeRawBufferPointer) -> Void
  ) throws(Failure) {
    guard let tls else { return body(bytes) }
    tls.receive(bytes)
    defer { keepOutput(now) }
    do throws(TLSError) {
      while true {
        let count = try tls.read(into: buffer)
        if count == 0 { return }
        body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      }
    } catch {
      throw .tls(error)
    }
  }

  // MARK: Writing

  /// Sends, and keeps what the socket does not take. Only while `isOpen` and nothing is `unsent`.
  package func send(_ bytes: UnsafeRawBufferPointer, now: UInt64) throws(Failure) {
    guard let tls else { return keep(bytes, from: try write(bytes), now) }
    // The buffers are the loop's: what is left in them when something is thrown would go to the next connection.
    defer { buffers.removeOutput() }
    do throws(TLSError) {
      try tls.write(bytes)
    } catch {
      throw .tls(error)
    }
    keep(buffers.output, from: try write(buffers.output), now)
  }

  /// Sends what is left over from earlier.
  /// - Returns: true if nothing is left now.
  package func sendRest(now: UInt64) throws(Failure) -> Bool {
    guard !unsent.isEmpty else { return true }
    let written = try unsent.withUnsafeBytes { (bytes) throws(Failure) in try write(bytes) }
    unsent.dropFirst(written)
    if written > 0 { stalledSince = unsent.isEmpty ? nil : now }
    return unsent.isEmpty
  }

  /// Says that nothing follows. The peer may still send.
  package func end() {
    if let tls {
      tls.end()
      // Best effort: a peer that does not read will not read this either.
      if unsent.isEmpty { _ = try? write(buffers.output) }
      buffers.removeOutput()
    }
    shutdown(descriptor, Int32(SHUT_WR))
  }

  package func close() {
    tls = nil
    _ = Glibc.close(descriptor)
  }

  private func keepOutput(_ now: UInt64) {
    keep(buffers.output, from: 0, now)
    buffers.removeOutput()
  }

  private func keep(_ bytes: UnsafeRawBufferPointer, from start: Int, _ now: UInt64) {
    guard start < bytes.count else { return }
    if unsent.isEmpty { stalledSince = now }
    unsent.append(UnsafeRawBufferPointer(rebasing: bytes[start...]))
  }

  /// Bytes that the socket took.
  private func write(_ bytes: UnsafeRawBufferPointer) throws(Failure) -> Int {
    while true {
      let count = Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
      if count >= 0 { return count }
      if errno == EAGAIN { return 0 }
      if errno != EINTR { throw .socket }
    }
  }
}
