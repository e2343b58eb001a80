/// Which version of a user a write accepts.
public enum VersionCondition: Sendable, Hashable {
  case any
  case exactly(Int64)
  /// None, because the caller's etag was never one of this user's. If the user is missing or deleted, the write is
  /// refused for that reason.
  case never

  /// The condition that the etag of a request stands for. An empty etag accepts any version.
  init(etag: String, of id: UserID) {
    if etag.isEmpty {
      self = .any
    } else {
      self = Etag.version(of: etag, for: id).map { .exactly($0) } ?? .never
    }
  }

  package func allows(_ version: Int64) -> Bool {
    switch self {
    case .any: true
    case .exactly(let wanted): wanted == version
    case .never: false
    }
  }
}
