import RPCCore
import Testing

@testable import UserService

extension UserID {
  static func random() -> UserID { UserID(high: .random(in: 1 ... .max), low: .random(in: 0 ... .max)) }
}

extension PageTokenKey {
  static func random() -> PageTokenKey {
    guard let key = PageTokenKey((0..<byteCount).map { _ in .random(in: 0...255) }) else { preconditionFailure() }
    return key
  }
}

extension NewUser {
  static func sample(
    _ email: String, id: UserID = .random(), name: String = "", labels: [String: String] = [:]
  ) throws -> NewUser {
    NewUser(id: id, email: try EmailAddress(email), name: name, labels: labels)
  }
}

/// What a store refuses something with, as the reason and the field that the caller would be told; "" if it does not.
func refusal(_ body: () async throws -> Void) async -> String {
  do {
    try await body()
    return ""
  } catch {
    return RPCError(mapping: error).reason
  }
}

extension RPCError {
  var info: Google_Rpc_ErrorInfo? { details.lazy.compactMap { $0.unpack() }.first }

  /// Reason, and field if there is one, of the ErrorInfo.
  var reason: String {
    guard let info else { return "\(code) without ErrorInfo: \(message)" }
    return info.metadata["field"].map { "\(info.reason) \($0)" } ?? info.reason
  }
}
