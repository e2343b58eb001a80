/// Something that a test needed for itself failed.
public struct TestFailure: Error, CustomStringConvertible {
  /// What failed.
  public let description: String

  /// A failure with its description.
  public init(_ description: String) { self.description = description }
}
