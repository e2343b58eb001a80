internal import ProtoWire
internal import UserAPI

/// An event as watchers get it, made once for all of them.
struct WatchedEvent: FeedItem, Sendable {
  let event: UserEvent
  /// The message, with the resume token, without the user.
  let response: WatchUsersResponse
  /// Whether `user` was read.
  let hasUser: Bool
  /// The user as it was when the event was read; nil if it was purged by then.
  let user: User?

  var position: FeedPosition { event.position }

  /// The message for a watcher.
  func response(includingUser: Bool) -> WatchUsersResponse {
    guard includingUser, let user else { return response }
    var response = response
    response.event?.user = user
    return response
  }
}

extension WatchUsersResponse {
  /// A message without an event.
  init(at position: FeedPosition, key: PageTokenKey) throws {
    guard let token = ResumeToken.encode(position, key: key) else { throw UserServiceError.pageTokenNotSealed }
    self.init()
    resumeToken = token
  }
}

extension UserAPI.UserEvent {
  /// The message for an event.
  init(_ record: UserEvent) {
    self.init()
    userID = record.userID.description
    kind = Kind(record.kind)
    if record.kind == .tokenMade { tokenID = record.fields.first ?? "" } else { fields = record.fields }
    version = record.version
    if record.kind != .purged { etag = Etag.make(record.userID, version: record.version) }
    author = record.author?.id ?? ""
    time = Google_Protobuf_Timestamp(microseconds: record.time)
  }
}

extension UserAPI.UserEvent.Kind {
  /// The kind of an event.
  init(_ kind: UserEvent.Kind) {
    switch kind {
    case .created: self = .created
    case .updated: self = .updated
    case .deleted: self = .deleted
    case .undeleted: self = .undeleted
    case .purged: self = .purged
    case .tokenMade: self = .tokenMade
    }
  }
}
