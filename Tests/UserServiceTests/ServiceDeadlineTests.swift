import ProtoWire
import RPCCore
import Testing
import UserAPI
import UserStoreContract

@testable import UserService

@Suite struct ServiceDeadlineTests {
  private typealias Methods = UserServiceMethods

  @Test func deadlinesReachTheStore() async throws {
    let probe = ProbeStore()
    let handlers = UserServiceHandlers(store: probe)
    let deadline = Deadline.after(.seconds(100))
    let context = ServerContext(method: Methods.getUser, deadline: deadline)
    let email = User.with { $0.email = "ann@example.com" }
    _ = try await handlers.createUser(.with { ($0.user, $0.validateOnly) = (email, true) }, context: context)
    let user = try await handlers.createUser(.with { $0.user = email }, context: context)
    _ = try await handlers.getUser(.with { $0.id = user.id }, context: context)
    _ = try await handlers.lookupUser(.with { $0.email = user.email }, context: context)
    _ = try await handlers.listUsers(ListUsersRequest(), context: context)
    _ = try await handlers.updateUser(.with { $0.user = user }, context: context)
    _ = try await handlers.exportUsers(ExportUsersRequest(), responses: ResponseWriter { _ in }, context: context)
    _ = try await handlers.deleteUser(.with { $0.id = user.id }, context: context)
    _ = try await handlers.undeleteUser(.with { $0.id = user.id }, context: context)
    #expect(probe.notes.deadlines == Array(repeating: deadline.nanoseconds, count: 9))
  }
}
