/// Pages as connections. https://relay.dev/graphql/connections.htm
extension ResultWriter {
  mutating func page(_ page: Page, _ plan: PlanObject) -> Bool {
    object(plan) { writer, field, _ in
      switch field.field.source {
      case .wire(let wire): return writer.value(wire, field, in: page.response)
      case .page(.pageInfo):
        guard let info = field.objects.first else { return writer.fail(field, "the field has no value") }
        return writer.inside(field) { $0.pageInfo(page, info) }
      case .page(let part):
        guard let plan = field.objects.first else { return writer.fail(field, "the field has no value") }
        let isWritten = writer.list(field, count: page.nodes.count, field.field.type) { writer, index in
          if case .edges = part { return writer.edge(page, index, plan) }
          return writer.message(page.nodes[index], plan)
        }
        return writer.nullable(field, isWritten)
      default: return writer.fail(field, "the field has no value")
      }
    }
  }

  private mutating func edge(_ page: Page, _ index: Int, _ plan: PlanObject) -> Bool {
    object(plan) { writer, field, _ in
      switch field.field.source {
      case .page(.cursor):
        JSONText.append(string: page.cursor(index), to: &writer.output)
        return true
      case .page(.node):
        guard let plan = field.objects.first else { return writer.fail(field, "the field has no value") }
        return writer.inside(field) { $0.message(page.nodes[index], plan) }
      default: return writer.fail(field, "the field has no value")
      }
    }
  }

  private mutating func pageInfo(_ page: Page, _ plan: PlanObject) -> Bool {
    object(plan) { writer, field, _ in
      func flag(_ value: Bool) { value ? writer.output.append(ascii: "true") : writer.output.append(ascii: "false") }
      func text(_ value: String?) {
        if let value { JSONText.append(string: value, to: &writer.output) } else { writer.output.append(ascii: "null") }
      }
      switch field.field.source {
      case .page(.hasNextPage): flag(page.hasNextPage)
      case .page(.hasPreviousPage): flag(page.hasPreviousPage)
      case .page(.startCursor): text(page.nodes.isEmpty ? nil : page.cursor(0))
      case .page(.endCursor): text(page.endCursor)
      default: return writer.fail(field, "the field has no value")
      }
      return true
    }
  }
}
