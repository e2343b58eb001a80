/// Which values the built-in scalars take. https://spec.graphql.org/October2021/#sec-Scalars
///
/// Other scalars take any value here. What they make of it is for the message of the call, whose parser refuses what is
/// none of its type.
enum ScalarCoercion {
  /// Of a document.
  static func takes(_ value: ExecutableDocument.Value, _ type: String) -> Bool {
    switch (type, value) {
    case ("Int", .int(let text)): Int32(text) != nil
    case ("Float", .int(let text)), ("Float", .float(let text)): Double(text) != nil
    case ("String", .string), ("Boolean", .boolean), ("ID", .string), ("ID", .int): true
    default: !Schema.builtInNames.contains(type)
    }
  }

  /// Of variables, which are JSON.
  static func takes(_ value: InputValue, _ type: String) -> Bool {
    switch (type, value) {
    case ("Int", .number(let text)): Int32(text) != nil || Double(text).flatMap { Int32(exactly: $0) } != nil
    case ("Float", .number(let text)): Double(text)?.isFinite == true
    case ("ID", .number(let text)): Double(text).flatMap { Int64(exactly: $0) } != nil
    case ("String", .string), ("Boolean", .boolean), ("ID", .string): true
    default: !Schema.builtInNames.contains(type)
    }
  }
}
