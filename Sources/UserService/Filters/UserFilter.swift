/// Which users a list or an export selects: conditions that all must hold. `FilterParser` reads it from a text.
public struct UserFilter: Sendable, Hashable {
  /// A condition on the name, compared by code points.
  public enum NameCondition: Sendable, Hashable {
    case equals(String)
    case beginsWith(String)
  }

  /// The fields of a user that hold a time.
  public enum TimeField: UInt8, Sendable, CaseIterable {
    case createTime = 1
    case updateTime = 2
    case deleteTime = 3
  }

  /// The user has this email, in normal form.
  public var email: EmailAddress?
  /// The user is deleted, or is not; nil: either.
  public var isDeleted: Bool?
  /// The user's name.
  public var name: NameCondition?
  /// The user's times, each in a range.
  public var times: [TimeField: TimeRange] = [:]
  /// The user has all these labels.
  public var labels: [String: String] = [:]

  /// A filter that every user passes.
  public init() {}
}

/// A half-open range of times, in microseconds since the Unix epoch.
public struct TimeRange: Sendable, Hashable {
  /// The first time in the range; `Int64.min`: no bound.
  public var lower: Int64 = .min
  /// The first time behind the range; `Int64.max`: no bound.
  public var upper: Int64 = .max

  /// All times.
  public init() {}

  /// Whether a time is in the range.
  public func contains(_ time: Int64) -> Bool { lower <= time && time < upper }
}

extension UserFilter {
  /// Whether a user passes.
  public func matches(_ user: UserRecord) -> Bool {
    if let isDeleted, isDeleted != user.isDeleted { return false }
    if let email, (try? EmailAddress(user.email))?.normalForm != email.normalForm { return false }
    switch name {
    case nil: break
    case .equals(let text): guard user.name.utf8.elementsEqual(text.utf8) else { return false }
    case .beginsWith(let text): guard user.name.utf8.starts(with: text.utf8) else { return false }
    }
    for (field, range) in times {
      let time: Int64? =
        switch field {
        case .createTime: user.createTime
        case .updateTime: user.updateTime
        case .deleteTime: user.deleteTime
        }
      guard let time, range.contains(time) else { return false }
    }
    return labels.allSatisfy { key, value in user.labels[key].map { $0.utf8.elementsEqual(value.utf8) } ?? false }
  }
}
