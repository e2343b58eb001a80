internal import COpenSSL
internal import Glibc

/// Ciphertext on its way between sockets and sessions. One serves all sessions of a loop, so that idle connections have
/// no buffers. Belongs to that loop's thread.
public final class TLSBuffers {
  /// What one flush leaves behind is kept for the next; after a larger one the memory is given back.
  private static let kept = 256 * 1024

  let pointer: UnsafeMutablePointer<copenssl_wire>

  /// Empty buffers. They serve any number of sessions, one at a time.
  public init() {
    pointer = .allocate(capacity: 1)
    pointer.initialize(to: copenssl_wire())
  }

  deinit {
    free(pointer.pointee.output)
    pointer.deallocate()
  }

  /// What sessions want to have sent, since `removeOutput` was called last.
  public var output: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: pointer.pointee.output, count: pointer.pointee.output_count)
  }

  /// Forgets ciphertext that no session has read.
  func removeInput() { pointer.pointee.input_count = 0 }

  /// Forgets the output, which has been sent or copied, and gives back a buffer that grew large.
  public func removeOutput() {
    pointer.pointee.output_count = 0
    if pointer.pointee.output_capacity > Self.kept {
      free(pointer.pointee.output)
      pointer.pointee.output = nil
      pointer.pointee.output_capacity = 0
    }
  }
}
