import ProtoWire
import RPCCore

/// Writes the data of a response as JSON, straight from the bytes of messages, and collects errors. A function that
/// returns false has written nothing: its null goes on to what is around it.
/// https://spec.graphql.org/October2021/#sec-Handling-Field-Errors
struct ResultWriter {
  let schema: Schema
  let transcoder: JSONTranscoder
  var output: [UInt8] = []
  private(set) var errors: [GraphQLError] = []
  /// Where the object is that is being written.
  var path: [GraphQLError.Step] = []
  /// How many objects of introspection may still be written.
  var introspectionBudget: Int
  /// What `_service` answers.
  let sdl: String

  private static let errorLimit = 100

  init(_ schema: Schema, _ transcoder: JSONTranscoder, introspectionBudget: Int, sdl: String) {
    self.schema = schema
    self.transcoder = transcoder
    self.introspectionBudget = introspectionBudget
    self.sdl = sdl
  }

  // MARK: Errors and nulls

  mutating func report(_ error: GraphQLError) {
    if errors.count < Self.errorLimit { errors.append(error) }
  }

  /// A field has no value, for a reason that is told.
  mutating func fail(_ field: PlanField, _ message: String, code: GraphQLError.Code = .internal) -> Bool {
    report(GraphQLError(code, message, offset: field.offset, path: path + [.key(field.name)]))
    return null(field)
  }

  mutating func fail(_ field: PlanField, _ error: RPCError) -> Bool {
    report(GraphQLError(error, offset: field.offset, path: path + [.key(field.name)]))
    return null(field)
  }

  /// A field is null, for a reason that is told already.
  mutating func null(_ field: PlanField) -> Bool {
    guard !field.field.type.isNonNull else { return false }
    output.append(ascii: "null")
    return true
  }

  /// What the field's value is, with its null where it has none.
  mutating func nullable(_ field: PlanField, _ isWritten: Bool) -> Bool { isWritten || null(field) }

  // MARK: Objects and lists

  /// Braces, names and commas around the fields; nothing if one of them must not be null.
  @inline(__always)
  mutating func object(_ plan: PlanObject, _ write: (inout ResultWriter, PlanField, Int) -> Bool) -> Bool {
    let start = output.count
    output.append(UInt8(ascii: "{"))
    for (index, field) in plan.fields.enumerated() {
      if index > 0 { output.append(UInt8(ascii: ",")) }
      output.append(contentsOf: field.key)
      let isWritten: Bool
      if case .typename = field.field.source {
        JSONText.append(string: plan.type.name, to: &output)
        isWritten = true
      } else {
        isWritten = write(&self, field, index)
      }
      guard isWritten else {
        output.removeSubrange(start...)
        return false
      }
    }
    output.append(UInt8(ascii: "}"))
    return true
  }

  /// A list of values; `type` is that of the list.
  mutating func list(
    _ field: PlanField, count: Int, _ type: TypeReference, _ write: (inout ResultWriter, Int) -> Bool
  ) -> Bool {
    guard case .list(let element) = type.nullable else { return fail(field, "the value is no list") }
    let start = output.count
    output.append(UInt8(ascii: "["))
    path.append(.key(field.name))
    defer { path.removeLast() }
    for index in 0..<count {
      if index > 0 { output.append(UInt8(ascii: ",")) }
      path.append(.index(index))
      let isWritten = write(&self, index)
      path.removeLast()
      guard !isWritten else { continue }
      guard element.isNonNull else {
        output.append(ascii: "null")
        continue
      }
      output.removeSubrange(start...)
      return false
    }
    output.append(UInt8(ascii: "]"))
    return true
  }

  /// An object as the value of a field.
  mutating func inside(_ field: PlanField, _ write: (inout ResultWriter) -> Bool) -> Bool {
    path.append(.key(field.name))
    let isWritten = write(&self)
    path.removeLast()
    return nullable(field, isWritten)
  }
}
