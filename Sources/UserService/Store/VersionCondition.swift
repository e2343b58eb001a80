/// What a write asks of the version that it finds.
public enum VersionCondition: Sendable, Hashable {
  case any
  case exactly(Int64)
  /// The caller's etag is none of this user's: the write must not happen, and the user may be missing for other
  /// reasons.
  case never

  /// The condition that an etag of a request stands for; empty means none.
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
