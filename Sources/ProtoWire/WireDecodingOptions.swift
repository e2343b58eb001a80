/// How to decode.
///
/// ```swift
/// let point = try Point(wireBytes: bytes, options: .init(depthLimit: 10, discardsUnknownFields: true))
/// ```
public struct WireDecodingOptions: Sendable, Hashable {
  /// How many messages or groups may be nested inside the outermost one. The default is 100, as in other
  /// implementations. Each level takes a few hundred bytes of stack.
  ///
  /// ```swift
  /// options.depthLimit = 10  // deeper: WireError of the code .depthExceeded
  /// ```
  public var depthLimit: Int

  /// Drops unknown fields. The default is to keep them.
  ///
  /// ```swift
  /// options.discardsUnknownFields = true  // written again, the message has lost them
  /// ```
  public var discardsUnknownFields: Bool

  /// Accepts messages that lack required fields. By default decoding fails for them.
  ///
  /// ```swift
  /// options.allowsMissingRequiredFields = true
  /// try Shape(wireBytes: [], options: options).isInitialized  // false
  /// ```
  public var allowsMissingRequiredFields: Bool

  /// The defaults, which are those of other implementations.
  ///
  /// ```swift
  /// let strict = WireDecodingOptions(depthLimit: 10)
  /// ```
  @inlinable
  public init(
    depthLimit: Int = 100, discardsUnknownFields: Bool = false, allowsMissingRequiredFields: Bool = false
  ) {
    self.depthLimit = depthLimit
    self.discardsUnknownFields = discardsUnknownFields
    self.allowsMissingRequiredFields = allowsMissingRequiredFields
  }
}
