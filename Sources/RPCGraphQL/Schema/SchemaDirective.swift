/// A directive that documents or schemas may use. https://spec.graphql.org/October2021/#sec-Type-System.Directives
struct SchemaDirective: Sendable {
  let name: String
  let description: String
  let locations: [String]
  let arguments: [SchemaInput]

  static let standard = [
    SchemaDirective(
      name: "include", description: "Only if the argument is true.",
      locations: ["FIELD", "FRAGMENT_SPREAD", "INLINE_FRAGMENT"],
      arguments: [SchemaInput("if", .required("Boolean"), description: "Included when true.")]),
    SchemaDirective(
      name: "skip", description: "Not if the argument is true.",
      locations: ["FIELD", "FRAGMENT_SPREAD", "INLINE_FRAGMENT"],
      arguments: [SchemaInput("if", .required("Boolean"), description: "Left out when true.")]),
    SchemaDirective(
      name: "deprecated", description: "Not to be used any more.",
      locations: ["FIELD_DEFINITION", "ARGUMENT_DEFINITION", "INPUT_FIELD_DEFINITION", "ENUM_VALUE"],
      arguments: [
        SchemaInput(
          "reason", .named("String"), description: "Why, and what to use instead.",
          defaultValue: .string(deprecationReason))
      ]),
    SchemaDirective(
      name: "specifiedBy", description: "Where a scalar is specified.", locations: ["SCALAR"],
      arguments: [SchemaInput("url", .required("String"), description: "The address of the specification.")]),
  ]

  static let deprecationReason = "No longer supported"
}
