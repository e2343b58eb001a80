import ProtoWire
import Testing

/// What is generated for Tests/Protos/hard.proto compiles, and works.
@Suite struct CompiledTests {
  @Test func keywordsAsNames() throws {
    let message = Hard_NamesHere_Keywords.with {
      $0.class = "a"
      $0.self_p = 1
      $0.init_p = true
      $0.default = [1]
      $0.type = "b"
      $0.in = ["c"]
      $0.func = ["d": "e"]
      $0.var = false
      $0.description = "f"
      $0.unknownFields_p = "g"
      $0.where = .with { $0.let = 5 }
      $0.userID = "h"
      $0.baseURL = "i"
      $0.repeat = ["j"]
    }
    #expect(message.switch == .where(.with { $0.let = 5 }))
    #expect(try Hard_NamesHere_Keywords(wireBytes: message.wireBytes()) == message)
    #expect(Hard_NamesHere_Keywords.fieldName(of: 15) == "unknown_fields")
    #expect(Hard_NamesHere_Keywords.fieldName(of: 99) == nil)
  }

  @Test func clashingNames() throws {
    let message = Hard_NamesHere_Clash.with {
      $0.foo_oneof = .foo("x"); $0.digits12 = 3; $0.upperCase = 4
    }
    #expect(message.foo == "x")
    #expect(try Hard_NamesHere_Clash(wireBytes: message.wireBytes()) == message)
  }

  @Test func typesNamedAsSwiftTypes() throws {
    let message = Hard_NamesHere_Outer.with {
      $0.type = .with { $0.value = 1 }
      $0.string = .with { $0.value = "a" }
      $0.me = .with { $0.text = .with { $0.value = "b" } }
      $0.int32 = .zero
      $0.error = .some_p
    }
    #expect(type(of: message.string) == Hard_NamesHere_Outer.StringMessage?.self)
    #expect(try Hard_NamesHere_Outer(wireBytes: message.wireBytes()) == message)
  }

  @Test func enums() {
    #expect(Hard_NamesHere_Aliased.alsoFirst == .first)
    #expect(Hard_NamesHere_Aliased(rawValue: .min) == .least)
    #expect(Hard_NamesHere_Aliased(rawValue: 2) == .unrecognized(2))
    #expect(Hard_NamesHere_Aliased.allCases.map(\.rawValue) == [0, 1, -1, .min, .max, 3, 4])
    #expect(Hard_NamesHere_NoPrefix.allCases.count == 5)
    #expect(Hard_NamesHere_NoPrefix(rawValue: 3) == .unrecognized_p)
  }

  @Test func recursionThroughOthers() throws {
    let message = Hard_NamesHere_Ping.with {
      $0.pong = .with {
        $0.pang = .with { $0.ping = Hard_NamesHere_Ping() }
        $0.pings = [Hard_NamesHere_Ping()]
      }
    }
    #expect(try Hard_NamesHere_Ping(wireBytes: message.wireBytes()) == message)
  }

  @Test func importedTypes() throws {
    let message = Hard_NamesHere_Imports.with {
      $0.time = .with { $0.seconds = 1 }
      $0.any = .with { $0.typeURL = "x" }
      $0.json = .with { $0.listValue = .with { $0.values = [.with { $0.nullValue = .nullValue }] } }
      $0.times = ["a": .with { $0.nanos = 2 }]
      $0.everything = .with { $0.int32 = 3 }
    }
    #expect(try Hard_NamesHere_Imports(wireBytes: message.wireBytes()) == message)
    #expect(ProtoFile.hard.dependencies.map(\.name).contains("google/protobuf/timestamp.proto"))
  }
}
