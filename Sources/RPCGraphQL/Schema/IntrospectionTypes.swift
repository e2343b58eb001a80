/// The types that describe a schema. https://spec.graphql.org/October2021/#sec-Schema-Introspection.Schema-Introspection-Schema
enum IntrospectionTypes {
  static let typename = SchemaField("__typename", .required("String"), source: .typename)

  static let rootFields = [
    SchemaField("__schema", .required("__Schema"), source: .introspection),
    SchemaField(
      "__type", .named("__Type"), arguments: [SchemaInput("name", .required("String"))], source: .introspection),
  ]

  private static let deprecated = SchemaInput("includeDeprecated", .named("Boolean"), defaultValue: .boolean(false))

  private static func type(_ name: String, _ fields: [(String, TypeReference, [SchemaInput])]) -> SchemaType {
    SchemaType(.object, name, fields: fields.map { SchemaField($0.0, $0.1, arguments: $0.2, source: .introspection) })
  }

  private static func list(_ name: String) -> TypeReference { .list(.required(name)) }

  private static let text = TypeReference.named("String")
  private static let flag = TypeReference.required("Boolean")

  static let all = [
    type(
      "__Schema",
      [
        ("description", text, []), ("types", .nonNull(list("__Type")), []), ("queryType", .required("__Type"), []),
        ("mutationType", .named("__Type"), []), ("subscriptionType", .named("__Type"), []),
        ("directives", .nonNull(list("__Directive")), []),
      ]),
    type(
      "__Type",
      [
        ("kind", .required("__TypeKind"), []), ("name", text, []), ("description", text, []),
        ("specifiedByURL", text, []), ("fields", list("__Field"), [deprecated]), ("interfaces", list("__Type"), []),
        ("possibleTypes", list("__Type"), []), ("enumValues", list("__EnumValue"), [deprecated]),
        ("inputFields", list("__InputValue"), [deprecated]), ("ofType", .named("__Type"), []),
      ]),
    type(
      "__Field",
      [
        ("name", .required("String"), []), ("description", text, []),
        ("args", .nonNull(list("__InputValue")), [deprecated]), ("type", .required("__Type"), []),
        ("isDeprecated", flag, []), ("deprecationReason", text, []),
      ]),
    type(
      "__InputValue",
      [
        ("name", .required("String"), []), ("description", text, []), ("type", .required("__Type"), []),
        ("defaultValue", text, []), ("isDeprecated", flag, []), ("deprecationReason", text, []),
      ]),
    type(
      "__EnumValue",
      [
        ("name", .required("String"), []), ("description", text, []), ("isDeprecated", flag, []),
        ("deprecationReason", text, []),
      ]),
    type(
      "__Directive",
      [
        ("name", .required("String"), []), ("description", text, []),
        ("locations", .nonNull(list("__DirectiveLocation")), []),
        ("args", .nonNull(list("__InputValue")), [deprecated]), ("isRepeatable", flag, []),
      ]),
    SchemaType(
      .enumeration, "__TypeKind",
      values: ["SCALAR", "OBJECT", "INTERFACE", "UNION", "ENUM", "INPUT_OBJECT", "LIST", "NON_NULL"]
        .map { SchemaValue($0) }),
    SchemaType(
      .enumeration, "__DirectiveLocation",
      values: [
        "QUERY", "MUTATION", "SUBSCRIPTION", "FIELD", "FRAGMENT_DEFINITION", "FRAGMENT_SPREAD", "INLINE_FRAGMENT",
        "VARIABLE_DEFINITION", "SCHEMA", "SCALAR", "OBJECT", "FIELD_DEFINITION", "ARGUMENT_DEFINITION", "INTERFACE",
        "UNION", "ENUM", "ENUM_VALUE", "INPUT_OBJECT", "INPUT_FIELD_DEFINITION",
      ].map { SchemaValue($0) }),
  ]
}
