/// Rules of variables. https://spec.graphql.org/October2021/#sec-Validation.Variables
extension DocumentValidator {
  mutating func checkVariables() {
    for (operation, references) in zip(document.operations, walk.operationReferences) {
      checkUnique(
        operation.variables.map { ($0.name, $0.offset) }, .uniqueVariableNames, "variables")
      for variable in operation.variables {
        guard let type = schema.types[variable.type.name] else {
          report(.knownTypeNames, "there is no type \(variable.type.name)", variable.offset)
          continue
        }
        if !type.isInput {
          report(
            .variablesAreInputTypes, "the variable $\(variable.name) can't be of the type \(variable.type.text)",
            variable.offset)
        }
      }
      guard let uses = uses(references) else { return }
      check(uses, of: operation)
    }
  }

  /// Those in the fragments that it spreads, too; nil if the budget is spent.
  private mutating func uses(_ references: DocumentWalk.References) -> [DocumentWalk.VariableUse]? {
    var uses = references.variables
    var visited: Set<String> = []
    var pending = references.spreads.map(\.name)
    while let name = pending.popLast() {
      guard visited.insert(name).inserted, let index = fragmentIndices[name] else { continue }
      let inner = walk.fragmentReferences[index]
      guard spend(1 + inner.variables.count + inner.spreads.count) else { return nil }
      uses += inner.variables
      pending += inner.spreads.map(\.name)
    }
    return uses
  }

  private mutating func check(_ uses: [DocumentWalk.VariableUse], of operation: ExecutableDocument.Operation) {
    // Of a name that several have, the last.
    let variables = Dictionary(operation.variables.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
    var used: Set<String> = []
    for use in uses {
      used.insert(use.name)
      guard let variable = variables[use.name] else {
        report(.noUndefinedVariables, "the variable $\(use.name) is not defined", use.offset)
        continue
      }
      guard let wanted = use.type, schema.types[variable.type.name] != nil else { continue }
      if !Self.isAllowed(variable, wanted, use.hasDefault) {
        report(
          .variablesInAllowedPosition,
          "the variable $\(use.name) of the type \(variable.type.text) can't be where \(wanted.text) is needed",
          use.offset)
      }
    }
    for variable in operation.variables where !used.contains(variable.name) {
      report(.noUnusedVariables, "nothing uses the variable $\(variable.name)", variable.offset)
    }
  }

  /// https://spec.graphql.org/October2021/#IsVariableUsageAllowed()
  private static func isAllowed(
    _ variable: ExecutableDocument.Variable, _ wanted: TypeReference, _ hasDefault: Bool
  ) -> Bool {
    if case .nonNull(let inner) = wanted, !variable.type.isNonNull {
      let hasValue = variable.defaultValue.map { $0 != .null } ?? false
      return (hasValue || hasDefault) && isCompatible(variable.type, inner)
    }
    return isCompatible(variable.type, wanted)
  }

  private static func isCompatible(_ given: TypeReference, _ wanted: TypeReference) -> Bool {
    switch (given, wanted) {
    case (.nonNull(let given), .nonNull(let wanted)): isCompatible(given, wanted)
    case (_, .nonNull): false
    case (.nonNull(let given), _): isCompatible(given, wanted)
    case (.list(let given), .list(let wanted)): isCompatible(given, wanted)
    case (.named(let given), .named(let wanted)): given == wanted
    default: false
    }
  }
}
