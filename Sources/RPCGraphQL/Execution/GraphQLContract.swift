import ProtoWire
import RPCCore

/// What all requests share: made once, at the start.
final class GraphQLContract: Sendable {
  let schema: Schema
  let entities: [EntityKey]
  let transcoder: JSONTranscoder
  let limits: GraphQLLimits
  /// For a router of federation.
  let sdl: String
  let cache = DocumentCache()

  init(
    _ services: [ServiceDescriptor], _ comments: ProtoComments, types: [ProtoFile], isSubgraph: Bool,
    _ limits: GraphQLLimits
  ) throws(SchemaError) {
    (schema, entities) = try SchemaBuilder.schema(services, comments, isSubgraph: isSubgraph)
    sdl = SchemaPrinter(schema: schema, isSubgraph: true).text()
    self.limits = limits
    do throws(JSONError) {
      transcoder = JSONTranscoder(pool: try DescriptorPool(files: services.map(\.file) + types))
    } catch {
      throw SchemaError("the descriptors can't be read: \(error)")
    }
  }

  func document(_ text: [UInt8]) throws(GraphQLRefusal) -> PreparedDocument {
    if let known = cache[text] { return known }
    guard text.count <= limits.documentSize else {
      throw GraphQLRefusal(
        [GraphQLError(.limit, "The document has more than \(limits.documentSize) bytes.")], [])
    }
    let made = try PreparedDocument(text, schema, limits)
    cache.add(made)
    return made
  }

  /// What an operation of a document does with variables.
  func plan(
    _ operation: ExecutableDocument.Operation, in document: PreparedDocument, _ given: [InputValue.Member]
  ) throws(GraphQLRefusal) -> PlanObject {
    do throws(GraphQLError) {
      let variables = try InputCoercion(schema: schema).variables(operation.variables, given)
      var builder = PlanBuilder(schema, document.fragments, variables, limits)
      let plan = try builder.root(operation)
      for field in plan.fields {
        if case .entities = field.field.source, case .list(let list) = field.argument("representations") {
          try builder.spend(list.count * PlanBuilder.callCost)
        }
      }
      return plan
    } catch {
      throw GraphQLRefusal([error], document.text)
    }
  }
}

extension ExecutableDocument {
  /// What its operations cost together, without variables; nil if one costs more than the limits allow.
  package func cost(_ schema: Schema, _ limits: GraphQLLimits = .init()) -> Int? {
    let fragments = Dictionary(fragments.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    var cost = 0
    for operation in operations {
      var builder = PlanBuilder(schema, fragments, [:], limits)
      do throws(GraphQLError) {
        _ = try builder.root(operation)
      } catch {
        return nil
      }
      cost += builder.cost
    }
    return cost
  }
}
