/// Makes the plan of an operation, and counts what it costs while it does: beyond the limits it stops.
/// https://spec.graphql.org/October2021/#CollectFields()
struct PlanBuilder {
  typealias Document = ExecutableDocument

  let schema: Schema
  let coercion: InputCoercion
  let fragments: [String: Document.Fragment]
  let variables: [String: InputValue]
  let limits: GraphQLLimits
  private(set) var cost = 0
  private var visits = 0

  /// What a call costs beside its fields.
  static let callCost = 10
  /// How many items a list is taken to have whose length no argument says.
  private static let listLength = 10
  private static let pageLength = 50

  init(
    _ schema: Schema, _ fragments: [String: Document.Fragment], _ variables: [String: InputValue],
    _ limits: GraphQLLimits
  ) {
    self.schema = schema
    coercion = InputCoercion(schema: schema)
    self.fragments = fragments
    self.variables = variables
    self.limits = limits
  }

  /// The fields of one name in the response, in the order in which the names come first.
  private struct Collected {
    var groups: [(name: String, fields: [Document.Field])] = []
    var places: [String: Int] = [:]

    mutating func add(_ field: Document.Field) {
      let name = field.alias ?? field.name
      if let place = places[name] {
        groups[place].fields.append(field)
      } else {
        places[name] = groups.count
        groups.append((name, [field]))
      }
    }
  }

  mutating func root(_ operation: Document.Operation) throws(GraphQLError) -> PlanObject {
    guard let type = schema.root(operation.kind) else {
      throw GraphQLError(
        .operationUnknown, "The service has no operations of the kind \(operation.kind.rawValue).",
        offset: operation.offset)
    }
    let plan = try object(type, [operation.selections], depth: 1, factor: 1, pageLength: Self.pageLength)
    try checkCredentials(plan)
    return plan
  }

  /// Many aliases of a sign-in would get many tries past a limit of requests.
  private func checkCredentials(_ plan: PlanObject) throws(GraphQLError) {
    var seen = false
    for field in plan.fields {
      guard case .call(let method) = field.field.source, method.isCredential else { continue }
      guard !seen else {
        throw GraphQLError(
          .limit, "An operation may try credentials only once: \(field.name) is one too many.", offset: field.offset)
      }
      seen = true
    }
  }

  private mutating func object(
    _ type: SchemaType, _ selections: [[Document.Selection]], depth: Int, factor: Int, pageLength: Int
  ) throws(GraphQLError) -> PlanObject {
    guard depth <= limits.depth else {
      throw GraphQLError(.limit, "The operation is nested deeper than \(limits.depth).")
    }
    var collected = Collected()
    var visited: Set<String> = []
    for selections in selections { try collect(selections, type, &collected, &visited) }
    var fields: [PlanField] = []
    fields.reserveCapacity(collected.groups.count)
    for (name, group) in collected.groups {
      guard let first = group.first, let definition = schema.field(first.name, of: type) else { continue }
      fields.append(
        try field(name, definition, group, first, depth: depth, factor: factor, pageLength: pageLength))
    }
    return PlanObject(type, fields)
  }

  private mutating func field(
    _ name: String, _ definition: SchemaField, _ group: [Document.Field], _ first: Document.Field, depth: Int,
    factor: Int, pageLength: Int
  ) throws(GraphQLError) -> PlanField {
    var arguments: [InputValue.Member] = []
    var failure: String?
    if !definition.arguments.isEmpty {
      do throws(InputCoercion.Failure) {
        arguments = try coercion.arguments(first.arguments, definition.arguments, variables)
      } catch {
        failure = error.description
      }
    }
    var factor = factor
    var pageLength = pageLength
    switch definition.source {
    case .call(let method):
      try spend(Self.callCost)
      if method.connection != nil, case .number(let text) = arguments.first(where: { $0.name == "first" })?.value {
        pageLength = max(Int(text) ?? Self.pageLength, 1)
      }
    case .page(.edges), .page(.nodes): factor = multiply(factor, pageLength)
    case .wire(let wire) where wire.isList && !first.selections.isEmpty: factor = multiply(factor, Self.listLength)
    default: break
    }
    try spend(factor)
    var objects: [PlanObject] = []
    if !first.selections.isEmpty, let type = schema.types[definition.type.name] {
      let selections = group.map(\.selections)
      for name in type.kind == .object ? [type.name] : schema.possibleTypes(type).sorted() {
        guard let possible = schema.types[name] else { continue }
        objects.append(
          try object(possible, selections, depth: depth + 1, factor: factor, pageLength: pageLength))
      }
    }
    return PlanField(name, definition, arguments, failure: failure, objects, offset: first.offset)
  }

  /// Beyond the limit it does not matter by how much.
  private func multiply(_ factor: Int, _ length: Int) -> Int {
    let (product, isOver) = factor.multipliedReportingOverflow(by: length)
    return isOver ? limits.cost + 1 : min(product, limits.cost + 1)
  }

  mutating func spend(_ count: Int) throws(GraphQLError) {
    cost += min(count, limits.cost + 1)
    guard cost <= limits.cost else {
      throw GraphQLError(.limit, "The operation costs more than \(limits.cost): select less, or shorter lists.")
    }
  }

  private mutating func collect(
    _ selections: [Document.Selection], _ type: SchemaType, _ collected: inout Collected, _ visited: inout Set<String>
  ) throws(GraphQLError) {
    for selection in selections {
      visits += 1
      guard visits <= limits.cost else {
        throw GraphQLError(.limit, "The operation has more fields than \(limits.cost), its fragments put in.")
      }
      switch selection {
      case .field(let field):
        if isIncluded(field.directives) { collected.add(field) }
      case .inline(let condition, let directives, let inner, _):
        guard isIncluded(directives), condition.map({ applies($0, type) }) ?? true else { continue }
        try collect(inner, type, &collected, &visited)
      case .spread(let name, let directives, _):
        guard isIncluded(directives), visited.insert(name).inserted, let fragment = fragments[name],
          applies(fragment.type, type)
        else { continue }
        try collect(fragment.selections, type, &collected, &visited)
      }
    }
  }

  private func applies(_ condition: String, _ type: SchemaType) -> Bool {
    condition == type.name || schema.types[condition].map { schema.possibleTypes($0).contains(type.name) } ?? false
  }

  /// By `@skip` and `@include`.
  private func isIncluded(_ directives: [Document.Directive]) -> Bool {
    directives.allSatisfy { directive in
      let wanted = directive.name == "include"
      guard wanted || directive.name == "skip", let value = directive.arguments.first?.value else { return true }
      switch value {
      case .boolean(let flag): return flag == wanted
      case .variable(let name): return (variables[name] == .boolean(true)) == wanted
      default: return true
      }
    }
  }
}
