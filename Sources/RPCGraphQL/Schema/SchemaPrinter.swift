/// Prints a schema in the language of its definition (SDL).
/// https://spec.graphql.org/October2021/#sec-Type-System
struct SchemaPrinter {
  let schema: Schema
  /// For a router of federation: with the directives of federation, and without the types and fields that it adds.
  var isSubgraph = false

  /// Types in the order of their names, the roots first.
  func text() -> String {
    let roots = [schema.query, schema.mutation, schema.subscription].compactMap { $0?.name }
    let names = schema.types.keys.filter { name in
      !name.hasPrefix("__") && !Schema.builtInNames.contains(name) && !roots.contains(name)
        && !(isSubgraph && FederationTypes.names.contains(name))
    }
    let parts = (roots + names.sorted()).compactMap { schema.types[$0].map(definition) }
    return ((isSubgraph ? [FederationTypes.link] : []) + parts).joined(separator: "\n\n") + "\n"
  }

  private func definition(_ type: SchemaType) -> String {
    let start = Self.description(type.description, "")
    switch type.kind {
    case .scalar:
      return start + "scalar \(type.name)" + (type.specification.map { " @specifiedBy(url: \(Self.quoted($0)))" } ?? "")
    case .union: return start + "union \(type.name) = " + type.members.joined(separator: " | ")
    case .enumeration:
      let values = type.values.map { value in
        Self.description(value.description, "  ") + "  \(value.name)" + Self.deprecation(value.isDeprecated)
      }
      return start + "enum \(type.name) {\n" + values.joined(separator: "\n") + "\n}"
    case .input:
      let fields = type.inputs.map { Self.description($0.description, "  ") + "  " + Self.input($0) }
      return start + "input \(type.name) {\n" + fields.joined(separator: "\n") + "\n}"
    case .object, .interface:
      let keyword = type.kind == .object ? "type" : "interface"
      let implements = type.interfaces.isEmpty ? "" : " implements " + type.interfaces.joined(separator: " & ")
      let hidden = isSubgraph && type === schema.query ? FederationTypes.fields : []
      let fields = type.fields.filter { !hidden.contains($0.name) }.map(field)
      return start + "\(keyword) \(type.name)\(implements)\(federation(type)) {\n" + fields.joined(separator: "\n")
        + "\n}"
    }
  }

  private func federation(_ type: SchemaType) -> String {
    guard isSubgraph else { return "" }
    let keys = type.federation.keys.map { " @key(fields: \(Self.quoted($0)))" }.joined()
    return keys + (type.federation.isShareable ? " @shareable" : "")
  }

  private func field(_ field: SchemaField) -> String {
    var arguments = ""
    if field.arguments.contains(where: { $0.description != nil }) {
      let lines = field.arguments.map { Self.description($0.description, "    ") + "    " + Self.input($0) }
      arguments = "(\n" + lines.joined(separator: "\n") + "\n  )"
    } else if !field.arguments.isEmpty {
      arguments = "(" + field.arguments.map(Self.input).joined(separator: ", ") + ")"
    }
    return Self.description(field.description, "  ") + "  \(field.name)\(arguments): \(field.type.text)"
      + Self.deprecation(field.isDeprecated)
  }

  private static func input(_ input: SchemaInput) -> String {
    "\(input.name): \(input.type.text)" + (input.defaultValue.map { " = " + $0.text } ?? "")
      + deprecation(input.isDeprecated)
  }

  private static func deprecation(_ isDeprecated: Bool) -> String { isDeprecated ? " @deprecated" : "" }

  /// A block string, which keeps Markdown readable.
  private static func description(_ text: String?, _ indentation: String) -> String {
    guard let text, !text.isEmpty else { return "" }
    let escaped = text.split(separator: "\"\"\"", omittingEmptySubsequences: false).joined(separator: "\\\"\"\"")
    let lines = escaped.split(separator: "\n", omittingEmptySubsequences: false)
      .map { $0.isEmpty ? "" : indentation + $0 }
    return "\(indentation)\"\"\"\n" + lines.joined(separator: "\n") + "\n\(indentation)\"\"\"\n"
  }

  static func quoted(_ text: String) -> String { String(decoding: JSONText.string(text), as: UTF8.self) }
}

extension ExecutableDocument.Value {
  /// As a document writes it.
  var text: String {
    switch self {
    case .variable(let name): "$\(name)"
    case .int(let text), .float(let text), .enumValue(let text): text
    case .string(let text): SchemaPrinter.quoted(text)
    case .boolean(let value): "\(value)"
    case .null: "null"
    case .list(let values): "[" + values.map(\.text).joined(separator: ", ") + "]"
    case .object(let fields): "{" + fields.map { "\($0.name): \($0.value.text)" }.joined(separator: ", ") + "}"
    }
  }
}

extension Schema {
  /// In GraphQL's language for it.
  package var text: String { SchemaPrinter(schema: self).text() }
}
