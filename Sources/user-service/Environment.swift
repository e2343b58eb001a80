import ArgumentParser
import Glibc

/// Environment variables, for settings that no flag gives.
enum Environment {
  /// The text of a variable.
  /// - Returns: nil if the variable is unset or empty.
  static func text(_ name: String) -> String? {
    guard let value = getenv(name) else { return nil }
    let text = String(cString: value)
    return text.isEmpty ? nil : text
  }

  /// The value of a variable.
  /// - Returns: nil if the variable is unset or empty.
  /// - Throws: `ValidationError` (exit code 64) if `parse` returns nil for it.
  static func value<T>(_ name: String, _ expected: String, _ parse: (String) -> T?) throws -> T? {
    guard let text = text(name) else { return nil }
    guard let value = parse(text) else { throw ValidationError("\(name) is '\(text)'; it must be \(expected).") }
    return value
  }
}
