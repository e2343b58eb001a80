import ProtoWire
public import RPCCore

/// Server reflection, by which grpcurl and other clients find out what a server serves, in both versions in use.
/// https://github.com/grpc/grpc/blob/master/doc/server-reflection.md
public enum Reflection {
  /// The two reflection services. They describe `providers` and themselves.
  public static func services(for providers: [any ServiceProvider]) -> [any ServiceProvider] {
    let descriptors =
      providers.map { type(of: $0).serviceDescriptor } + [
        ReflectionV1.serviceDescriptor, ReflectionV1Alpha.serviceDescriptor,
      ]
    // Clients print the details of an error only if reflection knows their types.
    let index = ReflectionIndex(descriptors, types: [.google_rpc_status, .google_rpc_error_details])
    return [ReflectionV1(index: index), ReflectionV1Alpha(index: index)]
  }
}

private struct ReflectionV1: Grpc_Reflection_V1_ServerReflectionProvider {
  let index: ReflectionIndex

  func serverReflectionInfo(
    _ requests: RequestStream<Grpc_Reflection_V1_ServerReflectionRequest>,
    responses: ResponseWriter<Grpc_Reflection_V1_ServerReflectionResponse>, context: ServerContext
  ) async throws {
    for try await request in requests { try await responses.write(index.answer(request)) }
  }
}

/// v1alpha. Its messages are the same on the wire as those of v1; only their names differ.
private struct ReflectionV1Alpha: ServiceProvider {
  static var serviceDescriptor: ServiceDescriptor { Grpc_Reflection_V1alpha_ServerReflectionMethods.service }

  let index: ReflectionIndex

  var methodHandlers: [MethodHandler] {
    let v1 = ReflectionV1(index: index)
    return [
      .bidirectionalStreaming(Grpc_Reflection_V1alpha_ServerReflectionMethods.serverReflectionInfo) {
        try await v1.serverReflectionInfo($0, responses: $1, context: $2)
      }
    ]
  }
}

extension ReflectionIndex {
  fileprivate func answer(
    _ request: Grpc_Reflection_V1_ServerReflectionRequest
  ) -> Grpc_Reflection_V1_ServerReflectionResponse {
    var response = Grpc_Reflection_V1_ServerReflectionResponse()
    response.validHost = request.host
    response.originalRequest = request
    response.messageResponse =
      switch request.messageRequest {
      case .fileByFilename(let name):
        files(name, else: "there is no file \(PeerText.excerpt(name))")
      case .fileContainingSymbol(let symbol):
        files(file(containing: symbol), else: "there is no symbol \(PeerText.excerpt(symbol))")
      case .fileContainingExtension(let wanted):
        files(
          file(extending: wanted.containingType, number: wanted.extensionNumber),
          else: "\(PeerText.excerpt(wanted.containingType)) has no extension \(wanted.extensionNumber)")
      case .allExtensionNumbersOfType(let type):
        if let numbers = extensionNumbers(of: type) {
          .allExtensionNumbersResponse(
            .with {
              $0.baseTypeName = type
              $0.extensionNumber = numbers
            })
        } else {
          failure(.notFound, "there is no message \(PeerText.excerpt(type))")
        }
      case .listServices:
        .listServicesResponse(.with { $0.service = services.map { name in .with { $0.name = name } } })
      case nil:
        failure(.invalidArgument, "message_request is not set")
      }
    return response
  }

  private func files(
    _ name: String?, else reason: String
  ) -> Grpc_Reflection_V1_ServerReflectionResponse.OneOf_MessageResponse {
    guard let name, let files = closure(ofFile: name) else { return failure(.notFound, reason) }
    return .fileDescriptorResponse(.with { $0.fileDescriptorProto = files })
  }

  private func failure(
    _ code: StatusCode, _ reason: String
  ) -> Grpc_Reflection_V1_ServerReflectionResponse.OneOf_MessageResponse {
    .errorResponse(
      .with {
        $0.errorCode = Int32(code.rawValue)
        $0.errorMessage = reason
      })
  }
}
