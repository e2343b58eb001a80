/// Why the data of a store rule a request out.
public enum StoreRefusal: Sendable, Hashable {
  /// A field whose value no two users share, deleted ones included.
  public enum UniqueField: String, Sendable {
    case id, email
  }

  /// There is no user with this id.
  case notFound(UserID)
  /// The user is deleted, and the call needs one that is not.
  case isDeleted(UserID)
  /// The user is not deleted, so it can't be undeleted.
  case isNotDeleted(UserID)
  /// The user's purge time has passed: it can't be undeleted any more.
  case isExpired(UserID)
  /// Another user has this id or email; that user may be deleted.
  case alreadyExists(UniqueField)
  /// The user has another version than the caller expects.
  case versionMismatch(UserID)
  /// The events after this position are not kept any more, or the store was set back to a state before it.
  case eventsGone
  /// The user would have more labels than a user may have.
  case tooManyLabels(UserID)
  /// The import is further than the chunk's first row, or not so far.
  case importMoved(UserID)
  /// A creation with this request id was made, of another user.
  case requestIDReused
  /// A creation with this request id was made, and its user has been removed since.
  case createdAndRemoved
}
