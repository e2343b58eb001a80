import ProtoWire
import RPCCore
@testable import RPCServer
import TestPeer
import Testing

/// https://github.com/grpc/grpc/blob/master/doc/server-reflection.md
@Suite struct ReflectionTests {
  private typealias Request = Grpc_Reflection_V1_ServerReflectionRequest
  private typealias Response = Grpc_Reflection_V1_ServerReflectionResponse

  /// Asks on one stream, question by question. The messages of v1alpha are those of v1 on the wire.
  private func ask(_ version: String, _ questions: [Request.OneOf_MessageRequest?]) async throws -> [Response] {
    var answers: [Response] = []
    let health = HealthService()
    try await serving(services: [health] + Reflection.services(for: [health])) { server in
      let call = try await server.client().start("/grpc.reflection.\(version).ServerReflection/ServerReflectionInfo")
      for question in questions {
        let request = Request.with {
          $0.host = "h"
          $0.messageRequest = question
        }
        try await call.send(request)
        let answer = try #require(try await call.next(as: Response.self))
        #expect(answer.originalRequest == request)
        #expect(answer.validHost == "h")
        answers.append(answer)
      }
      try await call.end()
      #expect(try await call.finish().status == 0)
    }
    return answers
  }

  private func files(_ answer: Response?) throws -> [Google_Protobuf_FileDescriptorProto] {
    guard case .fileDescriptorResponse(let response) = answer?.messageResponse else { return [] }
    return try response.fileDescriptorProto.map { try Google_Protobuf_FileDescriptorProto(wireBytes: $0) }
  }

  private func error(_ answer: Response) -> Int32? {
    guard case .errorResponse(let response) = answer.messageResponse else { return nil }
    return response.errorCode
  }

  @Test(arguments: ["v1", "v1alpha"])
  func servicesAreListed(version: String) async throws {
    let answers = try await ask(version, [.listServices("*"), .listServices("")])
    for answer in answers {
      guard case .listServicesResponse(let list) = answer.messageResponse else {
        Issue.record("another answer: \(answer)")
        continue
      }
      #expect(
        list.service.map(\.name) == [
          "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection",
        ])
    }
  }

  @Test(arguments: ["v1", "v1alpha"])
  func filesAreFoundByNameAndBySymbol(version: String) async throws {
    let answers = try await ask(
      version,
      [
        .fileByFilename("grpc/health/v1/health.proto"), .fileContainingSymbol("grpc.health.v1.Health"),
        .fileContainingSymbol("grpc.health.v1.Health.Check"),
        .fileContainingSymbol("grpc.health.v1.HealthCheckRequest"),
        .fileContainingSymbol("grpc.health.v1.HealthCheckRequest.service"),
        .fileContainingSymbol("grpc.health.v1.HealthCheckResponse.ServingStatus"),
        .fileContainingSymbol("grpc.health.v1.HealthCheckResponse.SERVING"),
      ])
    for answer in answers {
      let file = try #require(try files(answer).first)
      #expect(file.name == "grpc/health/v1/health.proto")
      #expect(file.package == "grpc.health.v1")
      #expect(file.service.first?.method.map(\.name) == ["Check", "Watch", "List"])
    }
  }

  @Test(arguments: ["v1", "v1alpha"])
  func whatIsNotThereIsAnErrorInTheStreamAndNotOfIt(version: String) async throws {
    let answers = try await ask(
      version,
      [
        .fileByFilename("none.proto"), .fileContainingSymbol("none.Such"), .fileContainingSymbol(""),
        .fileContainingExtension(
          .with {
            $0.containingType = "none.Such"; $0.extensionNumber = 1
          }),
        .allExtensionNumbersOfType("none.Such"),
      ])
    #expect(answers.map { error($0) } == [5, 5, 5, 5, 5])
    #expect(try await ask(version, [nil]).map { error($0) } == [3])
  }

  @Test func extensionsOfATypeWithoutAny() async throws {
    let answers = try await ask("v1", [.allExtensionNumbersOfType("grpc.health.v1.HealthCheckRequest")])
    guard case .allExtensionNumbersResponse(let response) = answers.first?.messageResponse else {
      Issue.record("another answer: \(answers)")
      return
    }
    #expect(response.baseTypeName == "grpc.health.v1.HealthCheckRequest")
    #expect(response.extensionNumber.isEmpty)
  }
}
