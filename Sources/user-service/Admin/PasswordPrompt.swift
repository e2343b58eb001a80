import ArgumentParser
import Glibc

/// Reads a secret without showing it.
enum PasswordPrompt {
  /// The first line of standard input, without its end. At a terminal it is asked for, not echoed, and asked for twice.
  /// - Throws: `ValidationError` if there is none, or the two differ.
  static func read(_ prompt: String) throws -> String {
    guard isatty(STDIN_FILENO) != 0 else { return try line() }
    let first = try hidden(prompt)
    guard try hidden("Again: ") == first else { throw ValidationError("the two are not the same.") }
    return first
  }

  private static func line() throws -> String {
    guard let line = readLine(strippingNewline: true), !line.isEmpty else {
      throw ValidationError("standard input has no password.")
    }
    return line.hasSuffix("\r") ? String(line.dropLast()) : line
  }

  private static func hidden(_ prompt: String) throws -> String {
    var saved = termios()
    tcgetattr(STDIN_FILENO, &saved)
    var quiet = saved
    quiet.c_lflag &= ~tcflag_t(ECHO)
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet)
    // Only now: what is typed before would be shown, and dropped.
    Output.write(Array(prompt.utf8), to: STDERR_FILENO)
    defer {
      tcsetattr(STDIN_FILENO, TCSAFLUSH, &saved)
      Output.line("", to: STDERR_FILENO)
    }
    return try line()
  }
}
