import ArgumentParser
import Glibc

/// Settings that a flag did not give, from the environment.
enum Environment {
  /// - Returns: nil where the variable is unset or empty.
  static func text(_ name: String) -> String? {
    guard let value = getenv(name) else { return nil }
    let text = String(cString: value)
    return text.isEmpty ? nil : text
  }

  /// - Throws: `ValidationError`, so exit code 64, for a value that `parse` does not take.
  static func value<T>(_ name: String, _ expected: String, _ parse: (String) -> T?) throws -> T? {
    guard let text = text(name) else { return nil }
    guard let value = parse(text) else { throw ValidationError("\(name) is '\(text)'; it must be \(expected).") }
    return value
  }
}
