import ProtoWire
import RPCCore
import ServiceTesting
import TestPeer
import Testing
import UserAPI
import UserStoreContract

@testable import UserService

/// Every way in which a call is refused, as a client sees it: status, ErrorInfo, and what else AIP-193 asks for.
@Suite struct ServiceErrorTests {
  private typealias Methods = UserServiceMethods
  private static let nobody = "01890a5d-ac96-774b-bcce-b302099a8057"

  private static func expect(
    _ status: CallStatus, _ code: StatusCode, _ reason: String, _ metadata: [String: String] = [:],
    _ location: SourceLocation = #_sourceLocation
  ) {
    #expect(status.code == code, "\(status)", sourceLocation: location)
    #expect(status.info?.domain == "user-service", "\(status)", sourceLocation: location)
    #expect(status.info?.reason == reason, "\(status)", sourceLocation: location)
    #expect(status.info?.metadata == metadata, "\(status)", sourceLocation: location)
    #expect(!status.message.isEmpty, sourceLocation: location)
  }

  @Test func notFoundNamesTheResource() async throws {
    try await ServiceBench.run(InMemoryUserStore()) { service in
      let user = User.with {
        $0.id = Self.nobody
        $0.name = "x"
      }
      let failures = [
        try await service.failure(Methods.getUser, GetUserRequest.with { $0.id = Self.nobody }),
        try await service.failure(Methods.updateUser, UpdateUserRequest.with { $0.user = user }),
        try await service.failure(Methods.deleteUser, DeleteUserRequest.with { $0.id = Self.nobody }),
        try await service.failure(Methods.undeleteUser, UndeleteUserRequest.with { $0.id = Self.nobody }),
      ]
      for failure in failures {
        Self.expect(failure, .notFound, "USER_NOT_FOUND", ["field": "id"])
        #expect(failure.resource?.resourceType == "users.v1.User" && failure.resource?.resourceName == Self.nobody)
      }
      let lookup = try await service.failure(
        Methods.lookupUser, LookupUserRequest.with { $0.email = "Nobody@example.com" })
      Self.expect(lookup, .notFound, "USER_NOT_FOUND", ["field": "email"])
      #expect(lookup.resource?.resourceName == "nobody@example.com")
    }
  }

  @Test func alreadyExistsNamesTheField() async throws {
    try await ServiceBench.run(InMemoryUserStore()) { service in
      let ann = try await service.create("ann@example.com")
      let bob = try await service.create("bob@example.com")
      for validateOnly in [false, true] {
        var request = CreateUserRequest.with {
          $0.user = .with { $0.email = "ANN@example.com" }
          $0.validateOnly = validateOnly
        }
        let email = try await service.failure(Methods.createUser, request)
        Self.expect(email, .alreadyExists, "USER_ALREADY_EXISTS", ["field": "email"])
        request.userID = ann.id
        request.user?.email = "new@example.com"
        let id = try await service.failure(Methods.createUser, request)
        Self.expect(id, .alreadyExists, "USER_ALREADY_EXISTS", ["field": "id"])
      }
      let update = UpdateUserRequest.with {
        $0.user = .with {
          $0.id = bob.id
          $0.email = ann.email
        }
      }
      let taken = try await service.failure(Methods.updateUser, update)
      Self.expect(taken, .alreadyExists, "USER_ALREADY_EXISTS", ["field": "email"])
      let live = try await service.failure(Methods.undeleteUser, UndeleteUserRequest.with { $0.id = ann.id })
      Self.expect(live, .alreadyExists, "USER_NOT_DELETED")
      #expect(live.resource?.resourceName == ann.id)
    }
  }

  @Test func staleEtagsAbort() async throws {
    try await ServiceBench.run(InMemoryUserStore()) { service in
      let (ann, bob) = (try await service.create("ann@example.com"), try await service.create("bob@example.com"))
      let change = UpdateUserRequest.with {
        $0.user = .with {
          $0.id = ann.id
          $0.name = "Ann"
        }
      }
      let changed: User = try await service.call(Methods.updateUser, change)
      #expect(changed.etag != ann.etag && ann.etag != bob.etag)
      // The etag of before, of somebody else, and none at all.
      for etag in [ann.etag, bob.etag, "W/\"1\"", "*", "\0"] {
        var stale = change
        stale.user?.etag = etag
        let update = try await service.failure(Methods.updateUser, stale)
        let delete = try await service.failure(
          Methods.deleteUser,
          DeleteUserRequest.with {
            $0.id = ann.id
            $0.etag = etag
          })
        for failure in [update, delete] {
          Self.expect(failure, .aborted, "ETAG_MISMATCH")
          #expect(failure.resource?.resourceName == ann.id)
        }
      }
      #expect(try await service.get(ann.id) == changed)
    }
  }

  @Test func deletedUsersCannotBeChanged() async throws {
    try await ServiceBench.run(InMemoryUserStore(retention: .zero)) { service in
      let ann = try await service.create("ann@example.com")
      let delete = DeleteUserRequest.with { $0.id = ann.id }
      let _: User = try await service.call(Methods.deleteUser, delete)
      let update = UpdateUserRequest.with {
        $0.user = .with {
          $0.id = ann.id
          $0.name = "x"
        }
      }
      Self.expect(try await service.failure(Methods.updateUser, update), .notFound, "USER_DELETED")
      Self.expect(try await service.failure(Methods.deleteUser, delete), .notFound, "USER_DELETED")
      let create = CreateUserRequest.with { $0.user = .with { $0.email = ann.email } }
      Self.expect(
        try await service.failure(Methods.createUser, create), .alreadyExists, "USER_ALREADY_EXISTS", ["field": "email"]
      )
      // Its purge time is now.
      let late = try await service.failure(Methods.undeleteUser, UndeleteUserRequest.with { $0.id = ann.id })
      Self.expect(late, .notFound, "USER_EXPIRED")
      #expect(late.resource?.resourceName == ann.id)
    }
  }

  @Test func everyViolationAtOnce() async throws {
    try await ServiceBench.run(InMemoryUserStore()) { service in
      let create = CreateUserRequest.with {
        $0.userID = "x"
        $0.user = .with {
          $0.email = "no address"
          $0.name = "a\0b"
          $0.labels = ["Team": "x", "a": "\0"]
        }
      }
      let update = UpdateUserRequest.with {
        $0.user = .with { $0.name = String(repeating: "x", count: 201) }
        $0.updateMask = .with { $0.paths = ["id", "email", "name", "nope"] }
      }
      let list = ListUsersRequest.with {
        $0.pageSize = -1
        $0.pageToken = "x"
      }
      let cases: [(MethodDescriptor, any WireMessage, [String])] = [
        (
          Methods.createUser, create,
          ["user_id", "user.email", "user.name", "user.labels[\"Team\"]", "user.labels[\"a\"]"]
        ),
        (Methods.createUser, CreateUserRequest.with { $0.userID = "x" }, ["user_id", "user"]),
        (
          Methods.updateUser, update,
          ["update_mask.paths[0]", "update_mask.paths[3]", "user.id", "user.email", "user.name"]
        ),
        (
          Methods.updateUser, UpdateUserRequest.with { $0.updateMask = .with { $0.paths = ["x"] } },
          ["update_mask.paths[0]", "user"]
        ),
        (Methods.listUsers, list, ["page_size", "page_token"]),
        (
          Methods.listUsers,
          ListUsersRequest.with {
            $0.pageSize = .min
            $0.orderBy = "nickname"
          }, ["page_size", "order_by"]
        ),
        (Methods.getUser, GetUserRequest(), ["id"]),
        (Methods.deleteUser, DeleteUserRequest.with { $0.id = "\0" }, ["id"]),
        (Methods.undeleteUser, UndeleteUserRequest(), ["id"]),
        (Methods.lookupUser, LookupUserRequest.with { $0.email = "ann\0@example.com" }, ["email"]),
      ]
      for (method, request, fields) in cases {
        let failure = try await service.failure(method, request)
        #expect(failure.fields == fields, "\(method.name): \(failure)")
        Self.expect(
          failure, .invalidArgument, "INVALID_FIELDS", ["violations": "\(fields.count)", "field": fields.first ?? ""])
        let violations = try #require(try failure.detail(Google_Rpc_BadRequest.self)).fieldViolations
        #expect(violations.allSatisfy { !$0.description.isEmpty && !$0.reason.isEmpty })
      }
    }
  }

  @Test func tokensAreBoundToOrderAndFilter() async throws {
    try await ServiceBench.run(InMemoryUserStore()) { service in
      for index in 0..<3 { _ = try await service.create("u\(index)@example.com") }
      var request = ListUsersRequest.with { $0.pageSize = 1 }
      let first: ListUsersResponse = try await service.call(Methods.listUsers, request)
      request.pageToken = first.nextPageToken
      request.pageSize = 2
      let rest: ListUsersResponse = try await service.call(Methods.listUsers, request)
      #expect(rest.users.count == 2 && rest.nextPageToken.isEmpty)
      for (order, showDeleted) in [("email", false), ("create_time desc", false), ("", true)] {
        request.orderBy = order
        request.showDeleted = showDeleted
        #expect(try await service.failure(Methods.listUsers, request).fields == ["page_token"])
      }
    }
  }

  /// Clients take 8 KiB of trailers: a request that is wrong a thousand times must not make an answer that they refuse.
  @Test func manyViolationsFitATrailer() async throws {
    try await ServiceBench.run(InMemoryUserStore()) { service in
      let labels = (0..<64).map { (String(repeating: "\u{10ffff}", count: 1000) + "\($0)", "\0") }
      let request = CreateUserRequest.with { $0.user = .with { $0.labels = Dictionary(uniqueKeysWithValues: labels) } }
      let reply = try await service.start(Methods.createUser, request.wireBytes()).finish()
      #expect(reply.trailers.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 32 } < 8192)
      #expect(try reply.failure()?.info?.metadata["violations"] == "129")
      #expect(try reply.failure()?.fields.count == FieldViolations.maximumCount)
    }
  }

  /// What the runtime refuses before any handler carries an ErrorInfo too.
  @Test func theRuntimesErrorsAreOursToo() async throws {
    try await ServiceBench.run(InMemoryUserStore()) { service in
      let unknown = MethodDescriptor(service: "users.v1.UserService", name: "Nope", kind: .unary)
      Self.expect(try await service.failure(unknown, GetUserRequest()), .unimplemented, "UNIMPLEMENTED")
      // Not UTF-8; longer than it is.
      for bytes in [[0x0a, 0x01, 0xff], [0x0a, 0x7f]] as [[UInt8]] {
        let status = try await service.start(Methods.getUser, bytes).finish().failure()
        Self.expect(try #require(status), .internal, "INTERNAL")
      }
    }
  }
}
