extension ExecutableDocument {
  /// Reads a document. What it costs is bounded by its length and the limits.
  ///
  /// ```swift
  /// let document = try ExecutableDocument(parsing: Array("{ user(id: 1) { name } }".utf8))
  /// ```
  /// - Throws: `SyntaxError` at the first fault: definitions of types are faults too, since they can't be executed.
  public init(parsing text: [UInt8], limits: SyntaxLimits = .init()) throws(SyntaxError) {
    self = try Parser.parse(text, limits: limits)
  }
}
