/// Checks required fields, for generated code: those of proto2, and of editions with
/// `features.field_presence = LEGACY_REQUIRED`. <https://protobuf.dev/programming-guides/proto2/#field-labels>
///
/// ```swift
/// func checkRequiredFields() throws(WireError) {
///   try WireRequired.check(name, 1, of: Self.self)
///   try WireRequired.check(in: outline, 5, of: Self.self)
///   try WireRequired.check(inEach: parts, 6, of: Self.self)
/// }
/// ```
public enum WireRequired {
  /// Checks that the field `number` of `M` has a value.
  ///
  /// ```swift
  /// try WireRequired.check(name, 1, of: Self.self)
  /// ```
  @inlinable
  public static func check<M: WireMessage>(_ value: (some Any)?, _ number: UInt32, of _: M.Type) throws(WireError) {
    if value == nil { throw WireError(.missingRequiredField).located(in: M.self, field: number) }
  }

  /// Checks the message in the field `number` of `M`, if it is present.
  ///
  /// ```swift
  /// try WireRequired.check(in: outline, 5, of: Self.self)
  /// ```
  @inlinable
  public static func check<M: WireMessage>(
    in message: (some WireMessage)?, _ number: UInt32, of _: M.Type
  ) throws(WireError) {
    guard let message else { return }
    do {
      try message.checkRequiredFields()
    } catch {
      throw error.located(in: M.self, field: number)
    }
  }

  /// Checks each message of a repeated field or of a map's values.
  ///
  /// ```swift
  /// try WireRequired.check(inEach: named.values, 14, of: Self.self)
  /// ```
  @inlinable
  public static func check<M: WireMessage, C: Collection>(
    inEach messages: C, _ number: UInt32, of _: M.Type
  ) throws(WireError) where C.Element: WireMessage {
    for message in messages { try check(in: message, number, of: M.self) }
  }
}
