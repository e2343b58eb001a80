import RPCGraphQL
import Testing

/// What operations answer. test_graphql.py compares more of them with graphql-core.
@Suite struct ExecutionTests {
  @Test func everyKindOfField() async throws {
    try await servingGarden { server in
      let text = try await server.text(
        """
        { plant(id: "p2") { __typename id label health height cells bed { name depth } neighbours { id } names weights
          needs planted life extra remark bees genome poisonous rings parts weight person machine } }
        """)
      #expect(
        text == #"{"data":{"plant":{"__typename":"Plant","id":"p2","label":"Plant \"2\"","health":"HEALTH_GOOD","#
          + #""height":-2,"cells":"1152921504606846976","bed":{"name":"bed 2","depth":-7},"neighbours":[{"id":"n2"}],"#
          + #""names":["rose","Röschen\n"],"weights":[1.5,2.0],"needs":{"water":"much"},"#
          + #""planted":"2023-11-14T22:13:20.120Z","life":"90s","extra":{"a":true},"remark":null,"bees":3,"#
          + #""genome":"/wABAg==","poisonous":true,"rings":["1","-2","1099511627776"],"#
          + #""parts":["HEALTH_GOOD","HEALTH_POOR"],"weight":0.25,"person":"Ada","machine":null}}}"#)
    }
  }

  @Test func fragmentsAliasesAndDirectives() async throws {
    try await servingGarden { server in
      let text = try await server.text(
        """
        query Q($no: Boolean!) { a: plant(id: "p1") { ...F id @include(if: $no) } b: plant(id: "p1") { ... on Plant {
          bed { name } } bed { depth } id @skip(if: true) } } fragment F on Plant { i: id ... { height } }
        """, variables: #"{"no": false}"#)
      #expect(
        text == #"{"data":{"a":{"i":"p1","height":-1},"b":{"bed":{"name":"bed 1","depth":-7}}}}"#)
    }
  }

  @Test func nullsPropagate() async throws {
    try await servingGarden { server in
      // `root` is missing, and must not be null: nor must what is around it, up to what may.
      let rootless = try await server.text(#"{ plant(id: "rootless") { id root { name } } beds { name } }"#)
      #expect(rootless.hasSuffix(#""data":{"plant":null,"beds":[{"name":"a"},{"name":"b"}]}}"#), "\(rootless)")
      #expect(rootless.contains(#""path":["plant","root"]"#))
      let nested = try await server.text(
        #"{ plant(id: "nested") { bed { name centre { root { name } } } id } }"#)
      #expect(nested.hasSuffix(#""data":{"plant":{"bed":{"name":"","centre":null},"id":"nested"}}}"#), "\(nested)")
      let list = try await server.text(#"{ plant(id: "nested") { id neighbours { root { name } } } }"#)
      #expect(list.hasSuffix(#""data":{"plant":null}}"#), "\(list)")
      #expect(list.contains(#""path":["plant","neighbours",1,"root"]"#))
      let odd = try await server.text(#"{ plant(id: "odd") { id weights } }"#)
      #expect(odd.hasSuffix(#""data":{"plant":null}}"#), "\(odd)")
      #expect(odd.contains(#""path":["plant","weights",0]"#))
    }
  }

  @Test func errorsHaveTheirDetails() async throws {
    try await servingGarden { server in
      let text = try await server.text("{\n  x: plant(id: \"none\") { id }\n  beds { name } }")
      #expect(
        text == #"{"errors":[{"message":"there is no plant","locations":[{"line":2,"column":3}],"path":["x"],"#
          + #""extensions":{"code":"NOT_FOUND","reason":"PLANT_NOT_FOUND","domain":"garden","metadata":{"id":"none"}}}],"#
          + #""data":{"x":null,"beds":[{"name":"a"},{"name":"b"}]}}"#)
      let page = try await server.text("{ plants(first: -1) { nodes { id } } }")
      #expect(page.contains(#""fieldViolations":[{"field":"page_size","description":"page_size is negative"}]"#))
      let later = try await server.text(#"mutation { deletePlant(id: "p9") }"#)
      #expect(later.contains(#""retryAfterMilliseconds":1500"#))
    }
  }

  @Test func queriesRunTogetherAndMutationsInOrder() async throws {
    try await servingGarden { server in
      _ = try await server.text(
        "{ \((0..<20).map { "a\($0): plant(id: \"p\($0 % 12)\") { id }" }.joined(separator: " ")) }")
      #expect(server.garden.mostRunning == 20)
      _ = try await server.text(
        #"mutation { b: deletePlant(id: "p2") a: deletePlant(id: "p1") c: deletePlant(id: "p3") }"#)
      #expect(server.garden.calls.suffix(3) == ["delete p2", "delete p1", "delete p3"])
    }
  }

  @Test func mutationsHaveMasksOfTheFieldsGiven() async throws {
    try await servingGarden { server in
      let text = try await server.text(
        """
        mutation($p: PlantPatch!) { updatePlant(plant: $p) { plant { id label needs bed { name } } } }
        """,
        variables:
          #"{"p": {"id": "p1", "label": "L", "needs": {"sun": "all"}, "remark": null, "etag": "e", "bed": {"depth": 3}}}"#
      )
      #expect(
        text == #"{"data":{"updatePlant":{"plant":{"id":"p1","label":"L","needs":{"sun":"all"},"bed":{"name":""}}}}}"#)
      #expect(server.garden.calls == ["update label,bed.depth,needs,remark"])
      let created = try await server.text(
        #"mutation { createPlant(plantId: "x", plant: {label: "L", cells: "7", health: HEALTH_POOR}) { id cells health } }"#
      )
      #expect(created == #"{"data":{"createPlant":{"id":"x","cells":"7","health":"HEALTH_POOR"}}}"#)
    }
  }

  @Test func wrongInputMakesNoCall() async throws {
    try await servingGarden { server in
      let wrong = try await server.text(
        #"mutation { createPlant(plantId: "x", plant: {label: "L", cells: "many"}) { id } }"#)
      #expect(wrong.contains(#""code":"BAD_USER_INPUT""#) && wrong.contains("plant.cells"), "\(wrong)")
      let variable = try await server.text(
        "query($n: Int) { plants(first: $n) { nodes { id } } }", variables: #"{"n": "five"}"#)
      #expect(variable.contains(#"Variable \"$n\": it is no Int"#), "\(variable)")
      let cursor = try await server.text(#"{ plants(after: "nonsense") { nodes { id } } }"#)
      #expect(cursor.contains("after is no cursor"), "\(cursor)")
      #expect(server.garden.calls.isEmpty)
    }
  }

  @Test func connectionsContinueAtEveryEdge() async throws {
    try await servingGarden { server in
      let query = """
        query($n: Int, $c: String) { plants(first: $n, after: $c) { totalSize edges { cursor node { id } } nodes { id }
          pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }
        """
      let first = try await server.text(query, variables: #"{"n": 2}"#)
      #expect(
        first == #"{"data":{"plants":{"totalSize":12,"edges":[{"cursor":"1~","node":{"id":"p0"}},"#
          + #"{"cursor":"0~2","node":{"id":"p1"}}],"nodes":[{"id":"p0"},{"id":"p1"}],"#
          + #""pageInfo":{"hasNextPage":true,"hasPreviousPage":false,"startCursor":"1~","endCursor":"0~2"}}}}"#)
      let middle = try await server.text(query, variables: #"{"n": 2, "c": "1~"}"#)
      #expect(middle.contains(#""nodes":[{"id":"p1"},{"id":"p2"}]"#) && middle.contains(#""hasPreviousPage":true"#))
      let none = try await server.text(query, variables: #"{"n": 0}"#)
      #expect(
        none.contains(#""nodes":[]"#) && none.contains(#""hasNextPage":true"#) && none.contains(#""endCursor":null"#))
      // From edge to edge, one after the other, to the end.
      var seen: [String] = []
      var cursor = "null"
      for _ in 0..<20 {
        let text = try await server.text(
          "query($c: String) { plants(first: 1, after: $c) { nodes { id } pageInfo { endCursor hasNextPage } } }",
          variables: #"{"c": \#(cursor)}"#)
        seen.append(String(text.split(separator: "\"")[9]))
        cursor = "\"" + text.split(separator: "\"")[15] + "\""
        if text.contains(#""hasNextPage":false"#) { break }
      }
      #expect(seen == (0..<12).map { "p\($0)" }, "\(seen)")
    }
  }

  @Test func entitiesAreFoundByTheirKeys() async throws {
    try await servingGarden { server in
      let text = try await server.text(
        """
        query($r: [_Any!]!) { _entities(representations: $r) { ... on Plant { id label } __typename } _service { sdl } }
        """,
        variables: #"{"r": [{"__typename": "Plant", "id": "p1"}, {"__typename": "Plant", "label": "abc"}, "#
          + #"{"__typename": "Plant", "id": "none"}, {"__typename": "Bed", "name": "b"}]}"#)
      #expect(
        text.contains(
          #""_entities":[{"id":"p1","label":"Plant \"1\"","__typename":"Plant"},"#
            + #"{"id":"p3","label":"Plant \"3\"","__typename":"Plant"},null,null],"_service":{"sdl":""#), "\(text)")
      #expect(text.contains(#""path":["_entities",3]"#) && !text.contains(#""path":["_entities",2]"#))
    }
  }
}
