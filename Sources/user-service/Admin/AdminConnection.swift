import ProtoWire
import RPCClient
import RPCCore
import UserAPI
import UserService

/// A server, as an operator calls it.
struct AdminConnection: Sendable {
  let users: UserServiceClient
  let accounts: AccountServiceClient
  let options: CallOptions
  let transcoder: JSONTranscoder

  init(_ channel: Channel, _ options: CallOptions) throws {
    users = UserServiceClient(channel)
    accounts = AccountServiceClient(channel)
    self.options = options
    transcoder = JSONTranscoder(
      pool: try DescriptorPool(
        files: [.users_v1_users, .users_v1_accounts, .google_rpc_error_details, .google_rpc_status]))
  }

  /// The options of a call that takes as long as it takes.
  var endless: CallOptions {
    var options = options
    options.timeout = nil
    return options
  }

  /// The user that an id or an email names.
  func user(_ name: String) async throws -> User {
    if UserID(name) != nil { return try await users.getUser(.with { $0.id = name }, options: options) }
    return try await users.lookupUser(.with { $0.email = name }, options: options)
  }

  /// The id of a user; one that is an id already is not looked up.
  func id(_ name: String) async throws -> String {
    UserID(name) != nil ? name : try await user(name).id
  }

  /// Prints a message as a line of JSON.
  func show(_ message: some WireMessage) throws { Output.line(try message.json(transcoder)) }

  /// A status for people: its code, its message, and its details as JSON.
  func describe(_ error: RPCError) -> String {
    guard !error.details.isEmpty, let details = try? error.status.json(transcoder) else { return error.description }
    return "\(error)\n\(details)"
  }
}
