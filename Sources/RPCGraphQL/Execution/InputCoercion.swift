/// Makes values of their types: variables from JSON, arguments from a document.
/// https://spec.graphql.org/October2021/#sec-Coercing-Variable-Values
struct InputCoercion {
  let schema: Schema

  /// Why a value is none of its type.
  struct Failure: Error {
    let description: String
  }

  // MARK: Variables

  /// - Throws: `GraphQLError` that names the variable.
  func variables(
    _ definitions: [ExecutableDocument.Variable], _ given: [InputValue.Member]
  ) throws(GraphQLError) -> [String: InputValue] {
    var variables: [String: InputValue] = [:]
    let given = Dictionary(given.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
    for definition in definitions {
      do throws(Failure) {
        if let value = given[definition.name] {
          variables[definition.name] = try coerce(value, definition.type)
        } else if let value = definition.defaultValue {
          variables[definition.name] = try literal(value, definition.type, [:])
        } else if definition.type.isNonNull {
          throw Failure(description: "a value of the type \(definition.type.text) is needed")
        }
      } catch {
        throw GraphQLError(
          .badInput, "Variable \"$\(definition.name)\": \(error.description)", offset: definition.offset)
      }
    }
    return variables
  }

  func coerce(_ value: InputValue, _ type: TypeReference) throws(Failure) -> InputValue {
    switch type {
    case .nonNull(let inner):
      guard value != .null else { throw Failure(description: "null is no \(type.text)") }
      return try coerce(value, inner)
    case _ where value == .null: return .null
    case .list(let element):
      guard case .list(let values) = value else { return .list([try coerce(value, element)]) }
      var coerced: [InputValue] = []
      for value in values { coerced.append(try coerce(value, element)) }
      return .list(coerced)
    case .named(let name):
      guard let definition = schema.types[name] else { throw Failure(description: "there is no type \(name)") }
      switch definition.kind {
      case .input: return try coerce(value, fieldsOf: definition)
      case .enumeration:
        guard case .string(let given) = value, definition.values.contains(where: { $0.name == given }) else {
          throw Failure(description: "it is no value of \(name)")
        }
        return value
      default:
        guard ScalarCoercion.takes(value, name) else { throw Failure(description: "it is no \(name)") }
        return Self.normal(value, name)
      }
    }
  }

  private func coerce(_ value: InputValue, fieldsOf type: SchemaType) throws(Failure) -> InputValue {
    guard case .object(let members) = value else { throw Failure(description: "it is no \(type.name)") }
    for member in members where !type.inputs.contains(where: { $0.name == member.name }) {
      throw Failure(description: "\(type.name) has no field \(member.name.prefix(50))")
    }
    var coerced: [InputValue.Member] = []
    for input in type.inputs {
      if let member = members.first(where: { $0.name == input.name }) {
        coerced.append(.init(name: input.name, value: try coerce(member.value, input.type)))
      } else if let value = input.defaultValue {
        coerced.append(.init(name: input.name, value: try literal(value, input.type, [:])))
      } else if input.type.isNonNull {
        throw Failure(description: "\(type.name) needs the field \(input.name)")
      }
    }
    return .object(coerced)
  }

  /// IDs are texts, and integers have no point.
  private static func normal(_ value: InputValue, _ type: String) -> InputValue {
    guard case .number(let text) = value else { return value }
    switch type {
    case "ID": return .string(Double(text).flatMap { Int64(exactly: $0) }.map { "\($0)" } ?? text)
    case "Int": return .number(Int32(text) == nil ? Double(text).map { "\(Int32($0))" } ?? text : text)
    default: return value
    }
  }

  // MARK: Arguments

  /// Those of a field. Arguments that were not given are left out, unless they have a default.
  func arguments(
    _ given: [ExecutableDocument.Argument], _ definitions: [SchemaInput], _ variables: [String: InputValue]
  ) throws(Failure) -> [InputValue.Member] {
    var members: [InputValue.Member] = []
    for definition in definitions {
      let value: InputValue?
      if let argument = given.first(where: { $0.name == definition.name }) {
        value = try self.value(argument.value, definition, variables)
      } else {
        value = try definition.defaultValue.map { (value) throws(Failure) in
          try literal(value, definition.type, [:])
        }
      }
      if let value {
        members.append(.init(name: definition.name, value: value))
      } else if definition.type.isNonNull {
        throw Failure(description: "the argument \(definition.name) needs a value")
      }
    }
    return members
  }

  /// Nil if it is a variable without a value, and there is no default.
  private func value(
    _ value: ExecutableDocument.Value, _ definition: SchemaInput, _ variables: [String: InputValue]
  ) throws(Failure) -> InputValue? {
    guard case .variable(let name) = value else { return try literal(value, definition.type, variables) }
    if let value = variables[name] {
      guard value != .null || !definition.type.isNonNull else {
        throw Failure(description: "the argument \(definition.name) must not be null")
      }
      return value
    }
    return try definition.defaultValue.map { (value) throws(Failure) in try literal(value, definition.type, [:]) }
  }

  private func literal(
    _ value: ExecutableDocument.Value, _ type: TypeReference, _ variables: [String: InputValue]
  ) throws(Failure) -> InputValue {
    switch (type, value) {
    case (_, .variable(let name)):
      let value = variables[name] ?? .null
      guard value != .null || !type.isNonNull else { throw Failure(description: "$\(name) must not be null") }
      return value
    case (.nonNull(let inner), _):
      guard value != .null else { throw Failure(description: "null is no \(type.text)") }
      return try literal(value, inner, variables)
    case (_, .null): return .null
    case (.list(let element), .list(let values)):
      var coerced: [InputValue] = []
      for value in values { coerced.append(try literal(value, element, variables)) }
      return .list(coerced)
    case (.list(let element), _): return .list([try literal(value, element, variables)])
    case (.named(let name), .object(let fields)):
      guard let definition = schema.types[name], definition.kind == .input else {
        return Self.untyped(value, variables)
      }
      return .object(try arguments(fields, definition.inputs, variables))
    case (.named("ID"), .int(let text)): return .string(text)
    default: return Self.untyped(value, variables)
    }
  }

  /// The value of a scalar that takes any.
  private static func untyped(_ value: ExecutableDocument.Value, _ variables: [String: InputValue]) -> InputValue {
    switch value {
    case .variable(let name): variables[name] ?? .null
    case .int(let text), .float(let text): .number(text)
    case .string(let text), .enumValue(let text): .string(text)
    case .boolean(let value): .boolean(value)
    case .null: .null
    case .list(let values): .list(values.map { untyped($0, variables) })
    case .object(let fields): .object(fields.map { .init(name: $0.name, value: untyped($0.value, variables)) })
    }
  }
}
