import ArgumentParser
import EventLoop
import Glibc
import Logging

/// Ends the program with exit code 69 (EX_UNAVAILABLE) and a message that says why and what to do.
struct Unavailable: Error {
  let message: String
}

/// What the subcommands share: event loops, signals, exit codes.
enum Program {
  /// Runs `body` until it returns. The first SIGTERM or SIGINT cancels its task; a second one ends the process at once.
  /// Call it on the main thread, before the process starts other threads.
  /// - Parameter onHangup: called on a loop's thread for each SIGHUP; without it SIGHUP ends the process.
  static func run(
    loops count: Int, logger: Logger, onHangup: (@Sendable () -> Void)? = nil,
    _ body: @escaping @Sendable (EventLoopGroup) async throws -> Void
  ) throws {
    DescriptorLimit.raise()
    let signals: SignalSource
    let loops: EventLoopGroup
    do throws(EventLoopError) {
      signals = onHangup == nil ? try SignalSource(SIGTERM, SIGINT) : try SignalSource(SIGTERM, SIGINT, SIGHUP)
      loops = try EventLoopGroup(count: count, logger: logger)
    } catch {
      throw exit(with: Unavailable(message: "The process can't start its event loops: \(error)."))
    }
    let work = Task { try await body(loops) }
    try signals.watch(on: loops.loops[0], onHangup: onHangup) { work.cancel() }
    let result = Latch.wait { await work.result }
    loops.shutdown()
    switch result {
    case .success: break
    case .failure(let error as Unavailable): throw exit(with: error)
    // A signal stopped the work before it was done, as the operator wanted.
    case .failure(is CancellationError): break
    case .failure(let error): throw error
    }
  }

  /// Says why, and returns the exit code.
  static func exit(with error: Unavailable) -> ExitCode {
    Output.line("Error: \(error.message)", to: STDERR_FILENO)
    return ExitCode(69)
  }
}
