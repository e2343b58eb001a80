import RPCGraphQL
import UserAPI

/// GraphQL of the service: a subgraph of Apollo Federation, too.
enum GraphQLEndpoint {
  /// - Throws: `SchemaError` if the contract has a fault, which its tests find.
  static func make() throws -> GraphQLService {
    var options = GraphQLService.Options()
    options.isSubgraph = true
    // Everybody may ask; who may call what, the methods say.
    options.methodOptions = APIDocument.options
    return try GraphQLService(
      describing: [UserServiceMethods.service, AccountServiceMethods.service],
      comments: [.users_v1_users, .users_v1_accounts], options: options)
  }
}
