import CLinux
import Glibc

// @unchecked Sendable: all variables belong to the loop; asserted in debug builds.
/// Tries addresses one after the other until one accepts. Belongs to its loop's thread; used once.
final class ConnectAttempt: ReadinessHandler, @unchecked Sendable {
  typealias Waiter = UnsafeContinuation<Result<Int32, ConnectError>, Never>

  private enum State {
    case new
    case connecting(Waiter)
    case finished
  }

  private let loop: EventLoop
  private let timeout: Duration
  private var remaining: ArraySlice<SocketAddress>
  private var failures: [EventLoopError] = []
  private var state = State.new
  /// The address that is being tried, and its socket.
  private var current: (address: SocketAddress, descriptor: Int32)?
  private var source: IOSource?
  private var timer: LoopTimer?

  /// - Parameter timeout: how long each address may take.
  init(_ addresses: [SocketAddress], timeout: Duration, on loop: EventLoop) {
    remaining = addresses[...]
    self.timeout = timeout
    self.loop = loop
  }

  func start(_ waiter: Waiter) {
    loop.assertCurrent()
    // It was cancelled before it began.
    guard case .new = state else { return waiter.resume(returning: .failure(.cancelled)) }
    state = .connecting(waiter)
    tryNext()
  }

  func cancel() {
    loop.assertCurrent()
    finish(.failure(.cancelled))
  }

  func ready(_ readiness: Readiness) {
    guard let descriptor = current?.descriptor else { return }
    var code: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    if getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length) != 0 { code = errno }
    if code == 0 { finish(.success(descriptor)) } else { fail(code) }
  }

  private func tryNext() {
    while let address = remaining.popFirst() {
      do throws(EventLoopError) {
        return try begin(address)
      } catch {
        failures.append(error)
        abandonCurrent()
      }
    }
    finish(.failure(.refused(failures)))
  }

  /// - Throws: if the address refuses at once, or this process can't open a socket.
  private func begin(_ address: SocketAddress) throws(EventLoopError) {
    guard let raw = RawAddress(address) else {
      throw EventLoopError(call: "connect", errno: EINVAL, subject: address.description)
    }
    let descriptor = clinux_stream_socket(raw.family)
    if descriptor < 0 { throw EventLoopError(call: "socket", errno: errno, subject: address.description) }
    current = (address, descriptor)
    if raw.family != AF_UNIX { Socket.setNoDelay(descriptor) }
    if raw.withPointer({ connect(descriptor, $0, $1) }) == 0 {
      return finish(.success(descriptor))
    }
    guard errno == EINPROGRESS || errno == EINTR else {
      throw EventLoopError(call: "connect", errno: errno, subject: address.description)
    }
    source = try loop.register(descriptor, .writable, self)
    let timer = LoopTimer(on: loop) { [unowned self] in fail(ETIMEDOUT) }
    timer.schedule(after: timeout)
    self.timer = timer
  }

  private func fail(_ code: Int32) {
    failures.append(EventLoopError(call: "connect", errno: code, subject: current?.address.description ?? ""))
    abandonCurrent()
    tryNext()
  }

  private func abandonCurrent() {
    stopWatching()
    if let current { _ = close(current.descriptor) }
    current = nil
  }

  private func stopWatching() {
    timer?.cancel()
    timer = nil
    source?.cancel()
    source = nil
  }

  private func finish(_ result: Result<Int32, ConnectError>) {
    let previous = state
    state = .finished
    if case .success = result {
      stopWatching()
      current = nil
    } else {
      abandonCurrent()
    }
    if case .connecting(let waiter) = previous { waiter.resume(returning: result) }
  }
}
