public import ArgumentParser
internal import Glibc

/// Environment variables that hold several values, separated by commas.
public enum EnvironmentList {
  /// Reads the values of a variable, without the spaces around them.
  /// - Returns: nil if the variable is unset or empty; otherwise at least one value.
  /// - Throws: `ValidationError` if it holds only commas and spaces, which is a mistake rather than an empty list.
  public static func values(of variable: String) throws -> [String]? {
    guard let pointer = getenv(variable), pointer.pointee != 0 else { return nil }
    let text = String(cString: pointer)
    let values = text.split(separator: ",").map { trimmed($0) }.filter { !$0.isEmpty }
    guard !values.isEmpty else {
      throw ValidationError("\(variable) is '\(text)'; it must hold at least one value, or be unset.")
    }
    return values
  }

  private static func trimmed(_ text: Substring) -> String {
    let start = text.firstIndex { $0 != " " } ?? text.endIndex
    let end = text.lastIndex { $0 != " " }.map { text.index(after: $0) } ?? start
    return String(text[start..<end])
  }
}
