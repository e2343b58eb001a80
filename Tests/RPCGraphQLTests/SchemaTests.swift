import RPCCore
import RPCGraphQL
import Testing

@Suite struct SchemaTests {
  private func text(_ change: (inout GraphQLService.Options) -> Void = { _ in }) throws -> String {
    var options = GraphQLService.Options()
    change(&options)
    return try GraphQLService(services: [GardenService()], comments: [.garden], options: options).schemaText
  }

  @Test func methodsAreFieldsOfTheRoots() throws {
    let text = try text()
    for line in [
      "  plant(\n    \"\"\"\n    Plant.id.\n    \"\"\"\n    id: ID!\n  ): Plant\n", "  beds: [Bed!]\n",
      "deletePlant(", "): Boolean @deprecated", "): PlantConnection", "  growth(",
    ] {
      #expect(text.contains(line), "\(line) in \(text)")
    }
    for hidden in ["hidden", "secret", "FieldMask", "updateMask"] { #expect(!text.contains(hidden)) }
    #expect(!text.contains("_service") && !text.contains("@key"))
  }

  @Test func fieldsHaveTheirTypes() throws {
    let text = try text()
    for field in [
      "id: ID!", "label: String!", "health: Health!", "height: Int!", "cells: Int64!", "bed: Bed\n",
      "neighbours: [Plant!]!", "names: [String!]!", "weights: [Float!]!", "needs: JSON!", "planted: DateTime\n",
      "life: Duration\n", "extra: JSON\n", "remark: String\n", "bees: Int\n", "genome: Bytes!", "poisonous: Boolean!",
      "root: Bed!", "rings: [Int64!]!", "parts: [Health!]!", "weight: Float!", "person: String\n", "machine: Int64\n",
      "totalSize: Int!", "HEALTH_POOR @deprecated",
    ] {
      #expect(text.contains("  \(field)"), "\(field)")
    }
    #expect(text.contains("scalar DateTime @specifiedBy(url: \"https://www.rfc-editor.org/rfc/rfc3339\")"))
  }

  @Test func inputsLeaveOutWhatTheServerSets() throws {
    let text = try text()
    let input = try #require(text.components(from: "input PlantInput {", to: "\n}"))
    #expect(input.contains("label: String!") && input.contains("root: BedInput"))
    #expect(!input.contains("  id:") && !input.contains("planted") && !input.contains("etag"))
    let patch = try #require(text.components(from: "input PlantPatch {", to: "\n}"))
    #expect(patch.contains("  id: ID!") && patch.contains("  label: String\n") && patch.contains("  etag: String\n"))
    #expect(!patch.contains("planted"))
  }

  @Test func commentsAreDescriptions() throws {
    let text = try text()
    #expect(text.contains("  \"\"\"\n  On its stick.\n  \"\"\"\n  label: String!"))
    #expect(text.contains("\"\"\"\nA plant.\n\"\"\"\ntype Plant {"))
  }

  @Test func subgraphsHaveKeys() throws {
    var options = GraphQLService.Options()
    options.isSubgraph = true
    let service = try GraphQLService(services: [GardenService()], options: options)
    #expect(service.schemaText.contains("_entities(representations: [_Any!]!): [_Entity]!"))
    let text = service.subgraphText
    #expect(text.contains("type Plant @key(fields: \"id\") @key(fields: \"label\") @shareable {"))
    #expect(text.contains("type PageInfo @shareable {"))
    #expect(text.contains("extend schema\n  @link(url: \"https://specs.apollo.dev/federation/v2.3\""))
    #expect(!text.contains("_entities") && !text.contains("_Any"))
  }

  @Test func contractsWithoutQueriesHaveNoSchema() throws {
    #expect(throws: SchemaError.self) {
      _ = try GraphQLService(describing: [ServiceDescriptor(name: "a.B", methods: [], file: .garden)])
    }
  }
}

extension String {
  /// What is between two texts.
  fileprivate func components(from start: String, to end: String) -> String? {
    guard let first = firstRange(of: start) else { return nil }
    let rest = String(self[first.upperBound...])
    guard let last = rest.firstRange(of: end) else { return nil }
    return String(rest[..<last.lowerBound]) + "\n"
  }

  private func firstRange(of text: String) -> Range<Index>? {
    var index = startIndex
    while index < endIndex {
      if self[index...].hasPrefix(text) { return index..<self.index(index, offsetBy: text.count) }
      index = self.index(after: index)
    }
    return nil
  }
}
