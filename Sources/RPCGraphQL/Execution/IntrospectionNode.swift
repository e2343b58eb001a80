/// An object of introspection, and the values of its fields.
/// https://spec.graphql.org/October2021/#sec-Schema-Introspection
enum IntrospectionNode {
  case schema
  case type(TypeReference)
  case field(SchemaField)
  case input(SchemaInput)
  case value(SchemaValue)
  case directive(SchemaDirective)

  enum Value {
    case null
    case text(String)
    case flag(Bool)
    case texts([String])
    case node(IntrospectionNode)
    case nodes([IntrospectionNode])

    init(_ text: String?) { self = text.map(Value.text) ?? .null }
  }

  func value(_ name: String, _ schema: Schema, includeDeprecated: Bool) -> Value {
    switch self {
    case .schema: Self.value(of: schema, name)
    case .type(let type): Self.value(of: type, name, schema, includeDeprecated)
    case .field(let field):
      switch name {
      case "args": .nodes(Self.inputs(field.arguments, includeDeprecated))
      case "type": .node(.type(field.type))
      default: Self.common(name, field.name, field.description, field.isDeprecated)
      }
    case .input(let input):
      switch name {
      case "type": .node(.type(input.type))
      case "defaultValue": Value(input.defaultValue?.text)
      default: Self.common(name, input.name, input.description, input.isDeprecated)
      }
    case .value(let value): Self.common(name, value.name, value.description, value.isDeprecated)
    case .directive(let directive):
      switch name {
      case "locations": .texts(directive.locations)
      case "args": .nodes(Self.inputs(directive.arguments, includeDeprecated))
      case "isRepeatable": .flag(false)
      default: Self.common(name, directive.name, directive.description, false)
      }
    }
  }

  private static func common(_ wanted: String, _ name: String, _ description: String?, _ isDeprecated: Bool) -> Value {
    switch wanted {
    case "name": .text(name)
    case "description": Value(description)
    case "isDeprecated": .flag(isDeprecated)
    case "deprecationReason": isDeprecated ? .text(SchemaDirective.deprecationReason) : .null
    default: .null
    }
  }

  private static func inputs(_ inputs: [SchemaInput], _ includeDeprecated: Bool) -> [IntrospectionNode] {
    inputs.filter { includeDeprecated || !$0.isDeprecated }.map(IntrospectionNode.input)
  }

  private static func value(of schema: Schema, _ name: String) -> Value {
    func root(_ type: SchemaType?) -> Value { type.map { .node(.type(.named($0.name))) } ?? .null }
    return switch name {
    case "types": .nodes(schema.types.keys.sorted().map { .type(.named($0)) })
    case "queryType": root(schema.query)
    case "mutationType": root(schema.mutation)
    case "subscriptionType": root(schema.subscription)
    case "directives": .nodes(schema.directives.map(IntrospectionNode.directive))
    default: .null
    }
  }

  private static func value(
    of reference: TypeReference, _ name: String, _ schema: Schema, _ includeDeprecated: Bool
  ) -> Value {
    switch reference {
    case .list(let inner): return wrapper("LIST", inner, name)
    case .nonNull(let inner): return wrapper("NON_NULL", inner, name)
    case .named(let typeName):
      guard let type = schema.types[typeName] else { return .null }
      switch name {
      case "kind": return .text(type.kind.rawValue)
      case "name": return .text(type.name)
      case "description": return Value(type.description)
      case "specifiedByURL": return Value(type.specification)
      case "fields":
        guard type.kind == .object || type.kind == .interface else { return .null }
        return .nodes(type.fields.filter { includeDeprecated || !$0.isDeprecated }.map(IntrospectionNode.field))
      case "interfaces":
        guard type.kind == .object || type.kind == .interface else { return .null }
        return .nodes(type.interfaces.map { .type(.named($0)) })
      case "possibleTypes":
        guard type.kind == .union || type.kind == .interface else { return .null }
        return .nodes(schema.possibleTypes(type).sorted().map { .type(.named($0)) })
      case "enumValues":
        guard type.kind == .enumeration else { return .null }
        return .nodes(type.values.filter { includeDeprecated || !$0.isDeprecated }.map(IntrospectionNode.value))
      case "inputFields": return type.kind == .input ? .nodes(inputs(type.inputs, includeDeprecated)) : .null
      default: return .null
      }
    }
  }

  private static func wrapper(_ kind: String, _ inner: TypeReference, _ name: String) -> Value {
    switch name {
    case "kind": .text(kind)
    case "ofType": .node(.type(inner))
    default: .null
    }
  }
}
