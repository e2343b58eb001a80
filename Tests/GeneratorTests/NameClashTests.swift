import ProtoWire
import RPCCore
import Testing

/// What is generated for Tests/Protos/names.proto and edition2024.proto compiles, and works.
@Suite struct NameClashTests {
  @Test func typesNamedAsTheRuntimes() throws {
    let message = WireReaderMessage.with {
      $0.writer = .with { $0.reader = WireReaderMessage() }
      $0.text = "a"
      $0.numbers = [1, 2]
    }
    #expect(WireReaderMessage.messageName == "WireReader")
    #expect(try WireReaderMessage(wireBytes: message.wireBytes()) == message)
  }

  @Test func typesThatDifferInCaseOnly() throws {
    #expect(Shape.messageName == "shape")
    #expect(Shape_.messageName == "Shape")
    #expect(SHAPE.allCases == [.none_p])
    let message = Shape__.with {
      $0.small = .with { $0.a = 1 }; $0.large = .with { $0.b = 2 }
    }
    #expect(message.wireBytes() == [0x0a, 2, 8, 1, 0x12, 2, 8, 2])
  }

  @Test func membersThatMeet() throws {
    let message = Meeting.with {
      $0.either = .left(.with { $0.x = 1 })
      $0.fooBar = .two(2)
      $0.fooBar_oneof = .four(.rawValue_p)
      $0.__p = 3
      $0.userID = 4
      $0.isInitialized = true
      $0.checkRequiredFields_p = [7]
      $0.json = "b"
    }
    #expect(message.left?.x == 1)
    #expect(try Meeting(wireBytes: message.wireBytes()) == message)
  }

  @Test func fieldsAndValuesThatBecomeTheSame() throws {
    let message = Hard_Clash_Fields.with {
      $0.userID_1 = 1
      $0.userID_3 = [3]
      $0.userID_536870911 = 4
      $0.class = .with { $0.fields = .with { $0.userID_536870911 = 5 } }
      $0.either_oneof = .either(true)
    }
    #expect(message.userIdOrDefault == "a\\(b)\"\n")
    #expect(try Hard_Clash_Fields(wireBytes: message.wireBytes()) == message)
    #expect(Hard_Clash_Values.aB_n5.rawValue == -5)
    #expect(Hard_Clash_Values.allCases == [.aB_n5, .aB_2, .b])
  }

  /// No package, so that the names of the extensions stand alone among those of the message.
  @Test func extensionsNamedAsMembersAndKeywords() throws {
    var options = Google_Protobuf_MethodOptions()
    options.deprecated = false
    options.setDeprecated_50000(true)
    options.setDefault(0)
    options.setSelf(["a"])
    #expect(try options.deprecated_50000 == true && options.default == 0 && options.self_p == ["a"])
    #expect(options.deprecated == false)
    // Presence is explicit in proto3 too.
    #expect(try Google_Protobuf_MethodOptions().default == nil)
  }

  @Test func recursionByEveryWay() throws {
    let leaf = Tree.with { $0.leaf = true }
    let message = Tree.with {
      $0.branch = .with {
        $0.tree = .with { $0.tree = leaf }; $0.named = ["a": leaf]
      }
      $0.parent = leaf
    }
    #expect(try Tree(wireBytes: message.wireBytes()) == message)
  }

  @Test func typesOfPublicImports() throws {
    let message = Everywhere.with {
      $0.everything = .with { $0.int32 = 1 }; $0.through = .init(); $0.colors = [1: .init()]
    }
    #expect(try Everywhere(wireBytes: message.wireBytes()) == message)
    #expect(ProtoFile.names.dependencies.map(\.name) == ["default.proto", "google/protobuf/descriptor.proto"])
  }

  @Test func methodsThatMeet() async throws {
    struct Provider: CallsServiceProvider {
      func service_p(_ request: Empty, context: ServerContext) async throws -> BoolMessage { .with { $0.value = true } }
      func methodHandlers_p(_ request: Empty, context: ServerContext) async throws -> BoolMessage { .init() }
      func serviceDescriptor(_ requests: RequestStream<Empty>, context: ServerContext) async throws -> BoolMessage {
        .init()
      }
      func getUser(_ request: Empty, responses: ResponseWriter<WireReaderMessage>, context: ServerContext) async throws
      {}
      func getUser_p(_ requests: RequestStream<Empty>, responses: ResponseWriter<Meeting>, context: ServerContext)
        async throws
      {}
      func init_p(_ request: Empty, context: ServerContext) async throws -> Hard_Imported_Through { .init() }
      func `subscript`(_ request: Empty, context: ServerContext) async throws -> Shape__ { .init() }
    }
    #expect(Provider().methodHandlers.count == 7)
    #expect(Provider.serviceDescriptor.name == "Calls")
    #expect(
      Provider.serviceDescriptor.methods.map(\.name) == [
        "Service", "MethodHandlers", "ServiceDescriptor", "GetUser", "getUser", "Init", "Subscript",
      ])
  }

  /// A client can be replaced by a type of a test's own.
  @Test func clientsCanBeMocked() async throws {
    struct Mock: CallsServiceClientProtocol {
      func service_p(_ request: Empty, options: CallOptions) async throws -> BoolMessage { .with { $0.value = true } }
      func methodHandlers_p(_ request: Empty, options: CallOptions) async throws -> BoolMessage {
        throw RPCError(.notFound, "there is none")
      }
      func serviceDescriptor(options: CallOptions) -> ClientStreamingCall<Empty, BoolMessage> {
        ClientStreamingCall(requests: RequestWriter { _ in false }) { .with { $0.value = true } }
      }
      func getUser(_ request: Empty, options: CallOptions) -> ResponseStream<WireReaderMessage> {
        ResponseStream([.with { $0.text = "a" }, .with { $0.text = "b" }], error: RPCError(.aborted, "enough"))
      }
      func getUser_p(options: CallOptions) -> BidirectionalCall<Empty, Meeting> {
        BidirectionalCall(requests: RequestWriter { _ in true }, responses: ResponseStream([Meeting()]))
      }
      func init_p(_ request: Empty, options: CallOptions) async throws -> Hard_Imported_Through { .init() }
      func `subscript`(_ request: Empty, options: CallOptions) async throws -> Shape__ { .init() }
    }
    let mock: any CallsServiceClientProtocol = Mock()
    #expect(try await mock.service_p(Empty()).value)
    let error = await #expect(throws: RPCError.self) { try await mock.methodHandlers_p(Empty()) }
    #expect(error?.code == .notFound)
    let upload = mock.serviceDescriptor()
    #expect(try await !upload.requests.write(Empty()))
    #expect(try await upload.response().value)
    var seen: [String] = []
    let failure = await #expect(throws: RPCError.self) {
      for try await message in mock.getUser(Empty()) { seen.append(message.text) }
    }
    #expect(seen == ["a", "b"] && failure?.code == .aborted)
    let chat = mock.getUser_p()
    #expect(try await chat.requests.write(Empty()))
    let iterator = chat.responses.makeAsyncIterator()
    #expect(try await iterator.next() == Meeting())
    #expect(try await iterator.next() == nil)
  }

  @Test func edition2024() throws {
    let message = Edition2024_Newer.with {
      $0.number = 0; $0.level = .high; $0.many = [1, 2]
    }
    #expect(message.wireBytes() == [0x08, 0, 0x10, 1, 0x1a, 2, 1, 2])
    #expect(try Edition2024_Newer(wireBytes: message.wireBytes()) == message)
  }
}
