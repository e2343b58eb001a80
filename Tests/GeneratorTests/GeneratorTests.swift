import ProtoWire
import Testing

@testable import protoc_gen_protowire

@Suite struct GeneratorTests {
  private func content(
    of file: ProtoFile, parameter: String
  ) throws -> String {
    var files: [Google_Protobuf_FileDescriptorProto] = []
    func add(_ file: ProtoFile) throws {
      for dependency in file.dependencies { try add(dependency) }
      if !files.contains(where: { $0.name == file.name }) {
        files.append(try Google_Protobuf_FileDescriptorProto(wireBytes: file.serialized))
      }
    }
    try add(file)
    let response = Generator.respond(
      to: .with {
        $0.fileToGenerate = [file.name]
        $0.parameter = parameter
        $0.protoFile = files
      })
    try #require(response.error == nil)
    try #require(response.file.count == 1)
    return response.file.first?.content ?? ""
  }

  @Test func servicesOfEveryKind() throws {
    let text = try content(of: .hard, parameter: "Visibility=public,Module=google/protobuf:ProtoWire")
    for expected in [
      "public import ProtoWire\npublic import RPCCore\n",
      "public protocol Hard_NamesHere_SwitchProvider: ServiceProvider {",
      "func `default`(_ request: Hard_NamesHere_Keywords, context: ServerContext) async throws -> Hard_NamesHere_Clash",
      "func `repeat`(_ requests: RequestStream<Hard_NamesHere_Keywords>, context: ServerContext) async throws -> Hard_NamesHere_Clash",
      "func `import`(_ request: Hard_NamesHere_Keywords, responses: ResponseWriter<Hard_NamesHere_Clash>, context: ServerContext) async throws",
      "responses: ResponseWriter<Hard_NamesHere_Clash>, context: ServerContext) async throws",
      ".unary(Hard_NamesHere_SwitchMethods.`default`) { try await self.`default`($0, context: $1) },",
      "service: \"hard.names_here.Switch\", name: \"Import\", kind: .serverStreaming,\n"
        + "    options: .with {\n      $0.idempotencyLevel = .idempotent\n    })",
      "public static let service = ServiceDescriptor(",
      "file: .hard)",
    ] {
      #expect(text.contains(expected), "\(expected)")
    }
  }

  @Test func clientsOfEveryKind() throws {
    let text = try content(of: .hard, parameter: "Visibility=package")
    for expected in [
      "package protocol Hard_NamesHere_SwitchClientProtocol: Sendable {",
      "func `default`(_ request: Hard_NamesHere_Keywords, options: CallOptions) async throws -> Hard_NamesHere_Clash\n",
      "func `repeat`(options: CallOptions) -> ClientStreamingCall<Hard_NamesHere_Keywords, Hard_NamesHere_Clash>\n",
      "func `import`(_ request: Hard_NamesHere_Keywords, options: CallOptions) -> ResponseStream<Hard_NamesHere_Clash>\n",
      "func self_p(options: CallOptions) -> BidirectionalCall<Hard_NamesHere_Keywords, Hard_NamesHere_Clash>\n",
      "package struct Hard_NamesHere_SwitchClient: Hard_NamesHere_SwitchClientProtocol {",
      "package init(_ channel: any ClientChannel) { self.channel = channel }",
      "try await channel.unary(Hard_NamesHere_SwitchMethods.`default`, request, options)",
      "channel.bidirectionalStreaming(Hard_NamesHere_SwitchMethods.self_p, options)",
      "package func `repeat`() -> ClientStreamingCall<Hard_NamesHere_Keywords, Hard_NamesHere_Clash> {",
    ] {
      #expect(text.contains(expected), "\(expected)")
    }
  }

  @Test func oneEndOnly() throws {
    let server = try content(of: .hard, parameter: "Services=server")
    #expect(server.contains("SwitchProvider") && server.contains("SwitchMethods"))
    #expect(!server.contains("SwitchClient"))
    let client = try content(of: .hard, parameter: "Services=client")
    #expect(client.contains("SwitchClient") && client.contains("SwitchMethods"))
    #expect(!client.contains("SwitchProvider"))
  }

  @Test func extensionsBecomeAccessors() throws {
    let file = Google_Protobuf_FileDescriptorProto.with {
      $0.name = "a.proto"
      $0.package = "a"
      $0.messageType = [
        .with { $0.name = "M" },
        .with {
          $0.name = "Set"; $0.options = .with { $0.messageSetWireFormat = true }
        },
      ]
      $0.extension = [".a.M", ".a.Set", ".a.M"].enumerated().map { index, extendee in
        .with {
          $0.name = "e\(index)"
          $0.number = 7
          $0.type = .string
          $0.label = .optional
          $0.extendee = extendee
          $0.defaultValue = "x"
        }
      }
      $0.sourceCodeInfo = .with {
        $0.location = [
          .with {
            $0.path = [7, 0]; $0.leadingComments = " What it is.\n"
          }
        ]
      }
    }
    let response = Generator.respond(
      to: .with {
        $0.fileToGenerate = ["a.proto"]; $0.protoFile = [file]; $0.parameter = "Visibility=package"
      })
    let text = try #require(response.file.first?.content)
    let expected = """
      extension A_M {
        /// What it is.
        ///
        /// The extension `a.e0`, number 7.
        package var A_e0: String? {
          get throws(WireError) { try self.extensionValue(7, as: WireUncheckedString.self) }
        }

        /// `A_e0`, or its default where it is absent.
        package var A_e0OrDefault: String {
          get throws(WireError) { try self.A_e0 ?? "x" }
        }

        /// Replaces `A_e0`; nil removes it.
        package mutating func setA_e0(_ value: String?) {
          self.setExtension(7) { writer in
            writer.prepend(ifPresent: value, as: WireUncheckedString.self, tag: 58)
          }
        }

        /// The extension `a.e2`, number 7.

      """
    #expect(text.contains(expected))
    // The fields of a MessageSet are laid out in another way.
    #expect(!text.contains("A_e1"))
    let lost = Google_Protobuf_FileDescriptorProto.with {
      $0.name = "b.proto"
      $0.extension = [
        .with {
          $0.name = "e"; $0.number = 1; $0.type = .bool; $0.extendee = ".a.Gone"
        }
      ]
    }
    let failure = Generator.respond(
      to: .with {
        $0.fileToGenerate = ["b.proto"]; $0.protoFile = [lost]
      })
    #expect(failure.error == "no message .a.Gone")
  }

  @Test func visibility() throws {
    let visible = try content(of: .everything, parameter: "Visibility=public")
    #expect(visible.contains("public struct Everything: WireMessage {"))
    let package = try content(of: .everything, parameter: "Visibility=package")
    #expect(package.contains("package import ProtoWire"))
    let hidden = try content(of: .everything, parameter: "")
    #expect(hidden.contains("\nstruct Everything: WireMessage {"))
    #expect(!hidden.contains("public"))
  }

  @Test func servicesCanBeLeftOut() throws {
    let text = try content(of: .hard, parameter: "Services=false")
    #expect(!text.contains("RPCCore"))
    #expect(!text.contains("SwitchProvider"))
  }

  @Test(arguments: ["Visibility=secret", "Visibility", "Module=x", "Services=maybe", "Nothing=1"])
  func badOptionsAreExplained(parameter: String) {
    let response = Generator.respond(to: .with { $0.parameter = parameter })
    #expect(response.error != nil)
    #expect(response.file.isEmpty)
  }

  @Test(arguments: [
    (wanted: ["a/b.proto", "a_b.proto"], parameter: ""), (["c.proto", "a/b.proto", "a_b.proto"], ""),
    // One of them is only imported, but into the same module.
    (["a_b.proto"], ""), (["a_b.proto"], "Module=a_b.proto:Here"),
  ])
  func filesThatBecomeTheSameAreNamed(wanted: [String], parameter: String) {
    let response = respond(wanted: wanted, parameter: parameter)
    #expect(
      response.error
        == "a/b.proto and a_b.proto would both become a_b.pb.swift: rename one, or generate it for another module")
    #expect(response.file.isEmpty)
  }

  @Test func filesOfTwoModulesMayBecomeTheSame() {
    let response = respond(wanted: ["c.proto", "a_b.proto"], parameter: "Module=a:Other")
    #expect(response.error == nil)
    #expect(response.file.map(\.name) == ["a_b.pb.swift", "c.pb.swift"])
  }

  private func respond(wanted: [String], parameter: String) -> Google_Protobuf_Compiler_CodeGeneratorResponse {
    Generator.respond(
      to: .with {
        $0.fileToGenerate = wanted
        $0.parameter = parameter
        $0.protoFile = ["a/b.proto", "a_b.proto", "c.proto"].map { name in .with { $0.name = name } }
      })
  }

  @Test func longestModulePathWins() throws {
    let options = try Options(parameter: "Module=google:A,Module=google/protobuf:B,Module=google/protobuf/any.proto:C")
    #expect(options.module(of: "google/protobuf/any.proto") == "C")
    #expect(options.module(of: "google/protobuf/empty.proto") == "B")
    #expect(options.module(of: "google/rpc/status.proto") == "A")
    #expect(options.module(of: "googlex/x.proto") == nil)
    #expect(try Options(parameter: "").module(of: "google/protobuf/any.proto") == "ProtoWire")
    #expect(try Options(parameter: "").module(of: "google/rpc/status.proto") == "RPCCore")
  }
}
