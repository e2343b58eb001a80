/// Rules of operations and directives.
extension DocumentValidator {
  mutating func checkOperations() {
    // ExecutableDefinitions: the parser takes no others.
    checkUnique(
      document.operations.compactMap { operation in operation.name.map { ($0, operation.offset) } },
      .uniqueOperationNames, "operations")
    if document.operations.count > 1 {
      for operation in document.operations where operation.name == nil {
        report(.loneAnonymousOperation, "an operation without a name must be the only one", operation.offset)
      }
    }
    for operation in document.operations where operation.kind == .subscription { checkSubscription(operation) }
  }

  /// https://spec.graphql.org/October2021/#sec-Single-root-field
  private mutating func checkSubscription(_ operation: ExecutableDocument.Operation) {
    guard let root = schema.subscription else { return }
    func applies(_ condition: String?) -> Bool {
      guard let condition, let type = schema.types[condition] else { return condition == nil }
      return schema.possibleTypes(type).contains(root.name)
    }
    var names: Set<String> = []
    var hasIntrospection = false
    var visited: Set<String> = []
    var pending = [operation.selections]
    while let selections = pending.popLast() {
      for selection in selections {
        switch selection {
        case .field(let field):
          names.insert(field.alias ?? field.name)
          if field.name.hasPrefix("__") { hasIntrospection = true }
        case .inline(let type, _, let inner, _):
          if applies(type) { pending.append(inner) }
        case .spread(let name, _, _):
          if visited.insert(name).inserted, let fragment = fragments[name], applies(fragment.type) {
            pending.append(fragment.selections)
          }
        }
      }
    }
    if names.count > 1 {
      report(.singleFieldSubscriptions, "a subscription must have one field", operation.offset)
    }
    if hasIntrospection {
      report(.singleFieldSubscriptions, "a subscription must not be one of introspection", operation.offset)
    }
  }

  mutating func checkDirectives() {
    for list in walk.directives {
      var seen: Set<String> = []
      for directive in list.directives {
        guard let definition = schema.directives.first(where: { $0.name == directive.name }) else {
          report(.knownDirectives, "there is no directive @\(directive.name)", directive.offset)
          continue
        }
        if !definition.locations.contains(list.location) {
          report(.knownDirectives, "the directive @\(directive.name) may not stand here", directive.offset)
        }
        if !seen.insert(directive.name).inserted {
          report(.uniqueDirectivesPerLocation, "the directive @\(directive.name) stands here twice", directive.offset)
        }
      }
    }
  }
}
