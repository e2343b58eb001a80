/// Introspection and `_service`. Types refer to each other in circles, so that a small query could ask for any number
/// of objects: a budget ends it.
extension ResultWriter {
  /// `__schema` and `__type`.
  mutating func introspection(_ field: PlanField) -> Bool {
    guard let plan = field.objects.first else { return fail(field, "the field has no value") }
    if field.field.name == "__schema" { return inside(field) { $0.node(.schema, plan) } }
    guard case .string(let name) = field.argument("name"), schema.types[name] != nil else { return null(field) }
    return inside(field) { $0.node(.type(.named(name)), plan) }
  }

  mutating func service(_ field: PlanField) -> Bool {
    guard let plan = field.objects.first else { return fail(field, "the field has no value") }
    return inside(field) { writer in
      writer.object(plan) { writer, _, _ in
        JSONText.append(string: writer.sdl, to: &writer.output)
        return true
      }
    }
  }

  private mutating func node(_ node: IntrospectionNode, _ plan: PlanObject) -> Bool {
    introspectionBudget -= 1
    guard introspectionBudget >= 0 else {
      if introspectionBudget == -1 {
        report(GraphQLError(.limit, "The introspection has more objects than the limit allows.", path: path))
      }
      return false
    }
    return object(plan) { writer, field, _ in writer.value(of: node, field) }
  }

  private mutating func value(of node: IntrospectionNode, _ field: PlanField) -> Bool {
    let includeDeprecated = field.argument("includeDeprecated") == .boolean(true)
    switch node.value(field.field.name, schema, includeDeprecated: includeDeprecated) {
    case .null: return null(field)
    case .text(let text): JSONText.append(string: text, to: &output)
    case .flag(let flag): flag ? output.append(ascii: "true") : output.append(ascii: "false")
    case .texts(let texts): InputValue.list(texts.map(InputValue.string)).append(to: &output)
    case .node(let inner):
      guard let plan = field.objects.first else { return null(field) }
      return inside(field) { $0.node(inner, plan) }
    case .nodes(let nodes):
      guard let plan = field.objects.first else { return null(field) }
      let isWritten = list(field, count: nodes.count, field.field.type) { writer, index in
        writer.node(nodes[index], plan)
      }
      return nullable(field, isWritten)
    }
    return true
  }
}
