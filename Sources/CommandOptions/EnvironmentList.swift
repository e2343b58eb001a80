public import ArgumentParser
internal import Glibc

/// Several values in one environment variable, separated by commas.
public enum EnvironmentList {
  /// - Returns: nil where the variable is unset or empty; else at least one value, without the spaces around it.
  /// - Throws: `ValidationError` for one that has commas and spaces only: who sets it means something.
  public static func values(of variable: String) throws -> [String]? {
    guard let pointer = getenv(variable), pointer.pointee != 0 else { return nil }
    let text = String(cString: pointer)
    let values = text.split(separator: ",").map { trimmed($0) }.filter { !$0.isEmpty }
    guard !values.isEmpty else {
      throw ValidationError("\(variable) is '\(text)'; it must name at least one thing, or be unset.")
    }
    return values
  }

  private static func trimmed(_ text: Substring) -> String {
    let start = text.firstIndex { $0 != " " } ?? text.endIndex
    let end = text.lastIndex { $0 != " " }.map { text.index(after: $0) } ?? start
    return String(text[start..<end])
  }
}
