import RPCCore
import RPCGateway
import ProtoWire
import UserAPI
import UserService

/// The OpenAPI document of what the service serves as JSON.
enum APIDocument {
  /// The services that it describes.
  private static let services = [UserServiceMethods.service, AccountServiceMethods.service]

  /// Everybody may read it, as everybody may read the contract.
  static let options = Google_Protobuf_MethodOptions.with { options in
    options.setAccess(.with { $0.public = true })
  }

  /// - Throws: `GatewayError` if the contract has a fault, which its tests find.
  static func make() throws -> OpenAPIDocument {
    OpenAPIDocument(
      try JSONGateway(describing: services),
      info: .init(
        title: "user-service", version: UserServiceVersion.current,
        description: """
          A directory of users and how they sign in, as JSON over HTTP. The same methods are served by gRPC.

          Errors have the form of AIP-193, with a google.rpc.ErrorInfo. The header field `grpc-timeout` is the deadline \
          of a call, such as `500m` for 500 milliseconds.
          """),
      comments: [.users_v1_users, .users_v1_accounts], access: access)
  }

  /// What the contract says of a method. A method without a rule can't be called, and no server starts with one.
  private static func access(_ method: MethodDescriptor) -> OpenAPIDocument.Access {
    switch try? MethodAccess(method) {
    case .everybody: .everybody
    case .restricted(self: false, let scopes): .bearer(scopes: scopes)
    // Users without a scope have a token, too.
    case .restricted(self: true, _), .authenticated, .localOrScopes, nil: .bearer(scopes: [])
    }
  }
}
