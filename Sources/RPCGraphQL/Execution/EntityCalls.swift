import RPCCore

/// The calls of `_entities`: for each representation that of the query which finds it by its key.
/// https://www.apollographql.com/docs/graphos/schema-design/federated-schemas/reference/subgraph-spec
struct EntityCalls {
  let contract: GraphQLContract

  init(_ contract: GraphQLContract) { self.contract = contract }

  /// Nil for a representation that has no key of a type with one.
  func calls(_ field: PlanField) -> [RootCall?] {
    guard case .list(let representations) = field.argument("representations") else { return [] }
    return representations.map(call)
  }

  private func call(_ representation: InputValue) -> RootCall? {
    guard case .string(let type) = representation["__typename"] else { return nil }
    for key in contract.entities where key.type == type {
      var arguments: [InputValue.Member] = []
      for name in key.fields {
        if let value = representation[name], value != .null { arguments.append(.init(name: name, value: value)) }
      }
      guard arguments.count == key.fields.count, case .call(let binding) = key.query.source,
        case .success(var call) = RootCall.make(binding, arguments, contract.transcoder)
      else { continue }
      call.typeName = type
      return call
    }
    return nil
  }
}

extension ResultWriter {
  mutating func unknownEntity(_ field: PlanField) -> Bool {
    report(
      GraphQLError(
        .badInput, "The representation has no key of a type of this subgraph.", offset: field.offset, path: path))
    return false
  }

  /// An entity that is not there is null without an error: a router takes that for an answer.
  mutating func entity(_ outcome: OperationRunner.Outcome, _ call: RootCall, _ field: PlanField) -> Bool {
    switch outcome {
    case .failure(let error):
      if error.code != .notFound { report(GraphQLError(error, offset: field.offset, path: path)) }
      return false
    case .success(let bytes):
      guard let plan = field.objects.first(where: { $0.type.name == call.typeName }) else { return false }
      return bytes.withUnsafeBytes { message($0, plan) }
    }
  }
}
