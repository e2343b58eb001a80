import ProtoWire
import RPCCore
import Testing
import UserStoreContract

@testable import UserService

/// The one table from the errors of a store to statuses.
@Suite struct StoreErrorTests {
  private struct Fault: Error {}
  private static let id = UserID.random()

  @Test(arguments: StoreFailure.Kind.allCases, [false, true])
  func failures(kind: StoreFailure.Kind, isSafeToRetry: Bool) {
    let (code, reason): (StatusCode, String) =
      switch kind {
      case .cancelled: (.cancelled, "CANCELLED")
      case .deadlineExceeded: (.deadlineExceeded, "DEADLINE_EXCEEDED")
      case .unavailable: (.unavailable, "DATABASE_UNAVAILABLE")
      case .readOnly: (.unavailable, "DATABASE_READ_ONLY")
      case .overloaded: (.resourceExhausted, "DATABASE_OVERLOADED")
      case .conflict: (.aborted, "CONCURRENT_CHANGE")
      case .internal: (.internal, "INTERNAL")
      }
    let error = StoreError.failed(StoreFailure(kind, isSafeToRetry: isSafeToRetry, cause: Fault())).rpcError
    #expect(error.code == code && error.info?.reason == reason && error.info?.domain == "user-service")
    #expect(error.cause is Fault)
    let mayHaveHappened = !isSafeToRetry && (kind == .unavailable || kind == .deadlineExceeded)
    #expect((error.info?.metadata["outcome"] == "unknown") == mayHaveHappened)
    let retry: Google_Rpc_RetryInfo? = error.details.lazy.compactMap { $0.unpack() }.first
    #expect((retry?.retryDelay?.seconds == 1) == [.unavailable, .readOnly, .overloaded].contains(kind))
  }

  @Test(
    arguments: [
      (.notFound(id), .notFound, "USER_NOT_FOUND", "id"), (.isDeleted(id), .notFound, "USER_DELETED", nil),
      (.isExpired(id), .notFound, "USER_EXPIRED", nil), (.isNotDeleted(id), .alreadyExists, "USER_NOT_DELETED", nil),
      (.alreadyExists(.id), .alreadyExists, "USER_ALREADY_EXISTS", "id"),
      (.alreadyExists(.email), .alreadyExists, "USER_ALREADY_EXISTS", "email"),
      (.versionMismatch(id), .aborted, "ETAG_MISMATCH", nil),
    ] as [(StoreRefusal, StatusCode, String, String?)])
  func refusals(refusal: StoreRefusal, code: StatusCode, reason: String, field: String?) {
    let error = StoreError.refused(refusal).rpcError
    #expect(error.code == code && error.info?.reason == reason && error.info?.domain == "user-service")
    #expect(error.info?.metadata["field"] == field && error.cause == nil)
    let resource: Google_Rpc_ResourceInfo? = error.details.lazy.compactMap { $0.unpack() }.first
    // No resource where the user that the error is about is another one than the caller's.
    let namesUser = if case .alreadyExists = refusal { false } else { true }
    #expect((resource?.resourceName == Self.id.description) == namesUser)
    // Messages are logged: they have no values.
    #expect(!error.message.contains(Self.id.description))
  }
}

extension RPCError {
  fileprivate var info: Google_Rpc_ErrorInfo? { details.lazy.compactMap { $0.unpack() }.first }
}
