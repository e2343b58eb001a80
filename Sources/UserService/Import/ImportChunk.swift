/// A user to be imported, with all fields validated.
public struct ImportRow: Sendable, Hashable {
  /// Its index in the import, from 0.
  public var index: Int64
  /// The user.
  public var user: NewUser
  /// The stored form of its password's hash; nil: the user gets no password.
  public var passwordHash: String?

  /// A row of validated fields.
  public init(index: Int64, user: NewUser, passwordHash: String? = nil) {
    self.index = index
    self.user = user
    self.passwordHash = passwordHash
  }
}

/// Why a row was not imported.
public struct ImportRowFailure: Sendable, Hashable {
  /// The row's index in the import, from 0.
  public var index: Int64
  /// Why, for programs.
  public var reason: String
  /// The field that is wrong or taken.
  public var field: String
  /// Why, for people, without values.
  public var description: String

  /// A failure.
  public init(index: Int64, reason: String, field: String, description: String) {
    self.index = index
    self.reason = reason
    self.field = field
    self.description = description
  }

  /// Another user has the id or the email.
  public static func alreadyExists(_ field: StoreRefusal.UniqueField, at index: Int64) -> ImportRowFailure {
    ImportRowFailure(
      index: index, reason: "USER_ALREADY_EXISTS", field: field.rawValue,
      description: "belongs to another user, who may be deleted or stand before it in the import")
  }
}

/// Some rows of an import that follow each other, to be merged in one step.
public struct ImportChunk: Sendable, Hashable {
  /// The import.
  public var importID: UserID
  /// The index of its first row.
  public var firstIndex: Int64
  /// How many rows it has, those that failed already among them.
  public var rowCount: Int64 = 0
  /// The rows to be merged. No two of them have one id or email.
  public var rows: [ImportRow] = []
  /// The rows that failed already.
  public var failures: [ImportRowFailure] = []

  /// A chunk without rows.
  public init(importID: UserID, firstIndex: Int64) {
    self.importID = importID
    self.firstIndex = firstIndex
  }

  /// The index of the row behind its last one.
  public var endIndex: Int64 { firstIndex + rowCount }
}

/// How far an import is.
public struct ImportProgress: Sendable, Hashable {
  /// How many failures are kept of an import.
  public static let maximumFailures = 1000

  /// The import.
  public var id: UserID
  /// How many rows were merged, from the first one on.
  public var rowCount: Int64 = 0
  /// How many of them became users.
  public var imported: Int64 = 0
  /// How many of them failed.
  public var failed: Int64 = 0
  /// The first rows that failed, in the order of the import.
  public var failures: [ImportRowFailure] = []

  /// An import that has not begun.
  public init(id: UserID) { self.id = id }
}
