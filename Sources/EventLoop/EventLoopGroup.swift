import CLinux
import Glibc
public import Logging

/// Event loops, each running on a thread of its own.
public final class EventLoopGroup: Sendable {
  /// The loops, in the order of their numbers. Each runs until `shutdown()`.
  public let loops: [EventLoop]
  private let threads: [LoopThread]

  /// Starts the threads.
  /// - Parameters:
  ///   - count: how many loops; fewer than 1 counts as 1.
  ///   - name: the name of the threads; each adds its number.
  ///   - logger: where a loop reports a stall; nil turns the stall detector off.
  public init(count: Int, name: String = "loop", logger: Logger? = nil) throws(EventLoopError) {
    var loops: [EventLoop] = []
    for index in 0..<max(count, 1) { loops.append(try EventLoop(name: "\(name)-\(index)", logger: logger)) }
    self.loops = loops
    var threads: [LoopThread] = []
    for loop in loops { threads.append(try LoopThread(loop)) }
    self.threads = threads
  }

  /// The number of processors that are online: the default number of loops.
  public static var processorCount: Int { max(sysconf(Int32(_SC_NPROCESSORS_ONLN)), 1) }

  /// Stops the loops and waits for their threads to end. Never call it on a loop's thread.
  public func shutdown() {
    for loop in loops { loop.stop() }
    for thread in threads { thread.join() }
  }
}

/// The thread under one loop.
// @unchecked Sendable: the thread id is written once, before the object is shared.
private final class LoopThread: @unchecked Sendable {
  private var thread = pthread_t()

  init(_ loop: EventLoop) throws(EventLoopError) {
    let argument = Unmanaged.passRetained(loop).toOpaque()
    let code = pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        let loop = Unmanaged<EventLoop>.fromOpaque(argument).takeRetainedValue()
        clinux_name_thread(loop.name)
        loop.run()
        return nil
      }, argument)
    if code != 0 {
      Unmanaged<EventLoop>.fromOpaque(argument).release()
      throw EventLoopError(call: "pthread_create", errno: code)
    }
  }

  func join() { pthread_join(thread, nil) }
}
