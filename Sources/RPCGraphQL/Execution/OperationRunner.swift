import ProtoWire
import RPCCore
import RPCServer

/// Executes an operation: makes its calls, and writes what they answer.
/// https://spec.graphql.org/October2021/#sec-Executing-Operations
struct OperationRunner: Sendable {
  let contract: GraphQLContract
  let plan: PlanObject
  let isMutation: Bool
  /// The document.
  let text: [UInt8]
  let calls: LocalCalls

  /// What a call came to.
  typealias Outcome = Result<[UInt8], RPCError>

  /// The calls of a field: one, none, or one for each entity.
  private enum Work {
    case none
    case failure(String)
    case call(RootCall)
    case entities([RootCall?])
  }

  /// The response: data and errors.
  func run() async -> [UInt8] {
    var writer = ResultWriter(
      contract.schema, contract.transcoder, introspectionBudget: contract.limits.introspection, sdl: contract.sdl)
    let works = plan.fields.map(work)
    let outcomes = isMutation ? await serially(works) : await together(works)
    let isWritten = writer.object(plan) { writer, field, index in
      write(field, works[index], outcomes[index], &writer)
    }
    if !isWritten { writer.output.append(ascii: "null") }
    return ResponseDocument.response(data: writer.output, writer.errors, text)
  }

  /// A message of a subscription as a response.
  func event(_ message: [UInt8]) -> [UInt8] {
    var writer = ResultWriter(
      contract.schema, contract.transcoder, introspectionBudget: contract.limits.introspection, sdl: contract.sdl)
    let isWritten = writer.object(plan) { writer, field, _ in
      guard case .call(let binding) = field.field.source else { return writer.fail(field, "the field has no value") }
      return writer.response(message, binding, field)
    }
    if !isWritten { writer.output.append(ascii: "null") }
    return ResponseDocument.response(data: writer.output, writer.errors, text)
  }

  // MARK: Calls

  private func work(_ field: PlanField) -> Work {
    if let failure = field.failure { return .failure(failure) }
    switch field.field.source {
    case .call(let binding):
      switch RootCall.make(binding, field.arguments, contract.transcoder) {
      case .success(let call): return .call(call)
      case .failure(let error): return .failure(error.description)
      }
    case .entities: return .entities(EntityCalls(contract).calls(field))
    default: return .none
    }
  }

  /// Mutations run one after the other, in the order of the document.
  private func serially(_ works: [Work]) async -> [[Outcome]] {
    var outcomes: [[Outcome]] = []
    for work in works {
      guard case .call(let call) = work else {
        outcomes.append([])
        continue
      }
      outcomes.append([await call.outcome(calls)])
    }
    return outcomes
  }

  /// Queries run together: their lookups reach the store in one turn, and become one statement there.
  private func together(_ works: [Work]) async -> [[Outcome]] {
    var jobs: [(field: Int, index: Int, call: RootCall)] = []
    var outcomes: [[Outcome]] = []
    for (field, work) in works.enumerated() {
      switch work {
      case .call(let call):
        jobs.append((field, 0, call))
        outcomes.append([.failure(Self.unanswered)])
      case .entities(let list):
        for (index, call) in list.enumerated() { if let call { jobs.append((field, index, call)) } }
        outcomes.append(list.map { _ in .failure(Self.unanswered) })
      default: outcomes.append([])
      }
    }
    // A task costs more than a small handler.
    if jobs.count == 1, let job = jobs.first {
      outcomes[job.field][job.index] = await job.call.outcome(calls)
      return outcomes
    }
    let calls = calls
    await withTaskGroup(of: (Int, Int, Outcome).self) { group in
      for job in jobs {
        group.addTask { (job.field, job.index, await job.call.outcome(calls)) }
      }
      for await (field, index, outcome) in group { outcomes[field][index] = outcome }
    }
    return outcomes
  }

  private static let unanswered = RPCError(.internal, "the call was not made")

  // MARK: Answers

  private func write(
    _ field: PlanField, _ work: Work, _ outcomes: [Outcome], _ writer: inout ResultWriter
  ) -> Bool {
    switch work {
    case .failure(let description): return writer.fail(field, "\(field.field.name): \(description)", code: .badInput)
    case .call(let call):
      guard let outcome = outcomes.first else { return writer.fail(field, "the call was not made") }
      switch outcome {
      case .failure(let error): return writer.fail(field, error)
      case .success(let bytes): return writer.response(bytes, call.binding, field)
      }
    case .entities(let list):
      let isWritten = writer.list(field, count: list.count, field.field.type) { writer, index in
        guard let call = list[index] else { return writer.unknownEntity(field) }
        return writer.entity(outcomes[index], call, field)
      }
      return writer.nullable(field, isWritten)
    case .none:
      if case .service = field.field.source { return writer.service(field) }
      return writer.introspection(field)
    }
  }
}
