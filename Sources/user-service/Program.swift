import ArgumentParser
import EventLoop
import Glibc
import Logging

/// Why the program ends without having done its work: exit code 69 (EX_UNAVAILABLE) and a sentence.
struct Unavailable: Error {
  let sentence: String
}

/// What every subcommand that does something has around it: loops, signals, exit codes.
enum Program {
  /// Runs `body` until it returns. SIGTERM and SIGINT cancel its task; a second one ends the process at once.
  /// Main thread, before any other thread was started.
  /// - Parameter onHangup: called for each SIGHUP, on a loop's thread; without it SIGHUP ends the process, as usual.
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
      throw exit(with: Unavailable(sentence: "The system has no room for this process: \(error)."))
    }
    let work = Task { try await body(loops) }
    try signals.watch(on: loops.loops[0], onHangup: onHangup) { work.cancel() }
    let result = Latch.wait { await work.result }
    loops.shutdown()
    switch result {
    case .success: break
    case .failure(let error as Unavailable): throw exit(with: error)
    // A signal came before the work was done: that is how one stops it.
    case .failure(is CancellationError): break
    case .failure(let error): throw error
    }
  }

  private static func exit(with error: Unavailable) -> ExitCode {
    Output.line("Error: \(error.sentence)", to: STDERR_FILENO)
    return ExitCode(69)
  }
}
