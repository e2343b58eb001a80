internal import ProtoWire
public import RPCCore

/// Asks a server what it serves, by server reflection: v1, or v1alpha where the server has only that.
/// https://github.com/grpc/grpc/blob/master/doc/server-reflection.md
///
/// Its methods throw `RPCError` with the status of the call, and `DynamicError` for an answer that does not help.
public struct ReflectionClient: Sendable {
  private static let versions = ["grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"]
  /// The most files that are asked for: a server could name new ones without end.
  private static let fileLimit = 4096

  private let channel: any ClientChannel
  private let options: CallOptions

  /// - Parameter options: of the calls of reflection: their deadline, and metadata such as a token.
  public init(_ channel: any ClientChannel, options: CallOptions = .init()) {
    self.channel = channel
    self.options = options
  }

  /// The full names of the server's services, sorted.
  public func services() async throws -> [String] {
    try await session { session in
      guard case .listServicesResponse(let list) = try await session.ask(.listServices("")) else {
        throw DynamicError("the server's reflection did not list its services")
      }
      return list.service.map(\.name).sorted()
    }
  }

  /// All that a service's file declares, and what it imports.
  /// - Parameter symbol: the full name of a service, method, message or enum.
  /// - Throws: `DynamicError` also where the server knows no such symbol.
  public func catalog(of symbol: String) async throws -> MethodCatalog {
    try await session { session in
      var files: [String: Google_Protobuf_FileDescriptorProto] = [:]
      var wanted: [String] = []
      func take(_ answer: Grpc_Reflection_V1_ServerReflectionResponse.OneOf_MessageResponse) throws {
        guard case .fileDescriptorResponse(let response) = answer else {
          throw DynamicError("the server's reflection sent no descriptors")
        }
        for bytes in response.fileDescriptorProto {
          let file: Google_Protobuf_FileDescriptorProto
          do throws(WireError) {
            file = try Google_Protobuf_FileDescriptorProto(wireBytes: bytes)
          } catch {
            throw DynamicError("the server's reflection sent a descriptor that can't be decoded: \(error)")
          }
          files[file.name ?? ""] = file
          wanted += file.dependency
        }
      }
      try take(try await session.ask(.fileContainingSymbol(symbol)))
      while let name = wanted.popLast() {
        guard files[name] == nil else { continue }
        guard files.count < Self.fileLimit else {
          throw DynamicError("the server's reflection names more than \(Self.fileLimit) files")
        }
        do {
          try take(try await session.ask(.fileByFilename(name)))
        } catch let error as DynamicError where Self.everybodyHas(name) {
          _ = error
        }
      }
      return try MethodCatalog(files.values.sorted { $0.name ?? "" < $1.name ?? "" })
    }
  }

  /// Whether `MethodCatalog` does without the file.
  private static func everybodyHas(_ file: String) -> Bool {
    file.hasPrefix("google/protobuf/") || file.hasPrefix("google/rpc/")
  }

  /// Runs questions in one call: of the first version that the server implements.
  private func session<Result: Sendable>(
    _ body: (borrowing ReflectionSession) async throws -> Result
  ) async throws -> Result {
    var missing: RPCError?
    for version in Self.versions {
      do {
        let session = ReflectionSession(channel, service: version, options: options)
        defer { session.finish() }
        return try await body(session)
      } catch let error as RPCError where error.code == .unimplemented {
        missing = error
      }
    }
    throw missing ?? RPCError(.unimplemented, "the server has no reflection")
  }
}

/// One call of reflection: questions and answers in turn.
private struct ReflectionSession: Sendable {
  private typealias Request = Grpc_Reflection_V1_ServerReflectionRequest
  private typealias Response = Grpc_Reflection_V1_ServerReflectionResponse

  private let call: BidirectionalCall<Request, Response>

  /// The messages of v1alpha are those of v1 on the wire.
  init(_ channel: any ClientChannel, service: String, options: CallOptions) {
    call = channel.bidirectionalStreaming(
      MethodDescriptor(service: service, name: "ServerReflectionInfo", kind: .bidirectionalStreaming), options)
  }

  func ask(
    _ question: Grpc_Reflection_V1_ServerReflectionRequest.OneOf_MessageRequest
  ) async throws -> Grpc_Reflection_V1_ServerReflectionResponse.OneOf_MessageResponse {
    try await call.requests.write(.with { $0.messageRequest = question })
    let answers = call.responses.makeAsyncIterator()
    guard let answer = try await answers.next()?.messageResponse else {
      throw DynamicError("the server's reflection ended without an answer")
    }
    if case .errorResponse(let error) = answer {
      throw DynamicError("the server's reflection answers \(Self.text(question)) by: \(error.errorMessage)")
    }
    return answer
  }

  private static func text(_ question: Grpc_Reflection_V1_ServerReflectionRequest.OneOf_MessageRequest) -> String {
    switch question {
    case .fileByFilename(let name): "the question for the file \(name)"
    case .fileContainingSymbol(let symbol): "the question for \(symbol)"
    default: "the question for its services"
    }
  }

  func finish() { call.requests.finish() }
}
