import ArgumentParser
import ProtoWire
import UserAPI

/// The subcommands that change users.
extension AdminCommand {
  struct Create: AdminSubcommand {
    static let configuration = CommandConfiguration(commandName: "create", abstract: "Create a user.")
    @Option(help: "The email.") var email: String
    @Option(help: "The display name.") var name = ""
    @Option(help: ArgumentHelp("A label; may be given several times.", valueName: "key=value")) var label: [String] = []
    @Option(help: ArgumentHelp("The id; else the server chooses one.", valueName: "uuid")) var id: String?
    @OptionGroup var connection: AdminOptions

    func work() throws -> @Sendable (AdminConnection) async throws -> Void {
      let request = CreateUserRequest.with {
        ($0.userID, $0.user) = (id ?? "", .with { ($0.email, $0.name) = (email, name) })
      }
      let labels = try Labels.parse(label)
      return { admin in
        var request = request
        request.user?.labels = labels
        try admin.show(try await admin.users.createUser(request, options: admin.options))
      }
    }
  }

  struct Get: AdminSubcommand {
    static let configuration = CommandConfiguration(
      commandName: "get", abstract: "Print a user, and how it signs in.")
    @Argument(help: "An id or an email.") var user: String
    @Flag(help: "Print the account too: its password's time, and whether it is disabled.") var account = false
    @OptionGroup var connection: AdminOptions

    func work() throws -> @Sendable (AdminConnection) async throws -> Void {
      { [user, account] admin in
        let user = try await admin.user(user)
        try admin.show(user)
        guard account else { return }
        try admin.show(try await admin.accounts.getAccount(.with { $0.userID = user.id }, options: admin.options))
      }
    }
  }

  struct List: AdminSubcommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "Print users, page by page.")
    @Option(help: ArgumentHelp("create_time or email, perhaps with ' desc'.", valueName: "order")) var orderBy = ""
    @Flag(help: "Print deleted users too.") var showDeleted = false
    @Option(help: ArgumentHelp("How many at most; 0: all.", valueName: "count")) var limit = 0
    @Option(help: "ndjson or csv.") var format = UserFormat.ndjson
    @OptionGroup var connection: AdminOptions

    func work() throws -> @Sendable (AdminConnection) async throws -> Void {
      guard limit >= 0 else { throw ValidationError("--limit must be 0 or more.") }
      return { [orderBy, showDeleted, limit, format] admin in
        if let head = format.head { Output.line(head) }
        var request = ListUsersRequest.with { ($0.orderBy, $0.showDeleted) = (orderBy, showDeleted) }
        var left = limit == 0 ? Int.max : limit
        while left > 0 {
          request.pageSize = Int32(min(left, 1000))
          let page = try await admin.users.listUsers(request, options: admin.options)
          for user in page.users { Output.line(try format.line(user, admin.transcoder)) }
          left -= page.users.count
          request.pageToken = page.nextPageToken
          if page.nextPageToken.isEmpty { return }
        }
      }
    }
  }

  struct Update: AdminSubcommand {
    static let configuration = CommandConfiguration(
      commandName: "update", abstract: "Change a user.", discussion: "What is not given stays as it is.")
    @Argument(help: "An id or an email.") var user: String
    @Option(help: "The new email.") var email: String?
    @Option(help: "The new display name.") var name: String?
    @Option(help: ArgumentHelp("A label. All labels together replace the old ones.", valueName: "key=value"))
    var label: [String] = []
    @Flag(help: "Remove all labels.") var clearLabels = false
    @Option(help: "Fail if the user's etag is another.") var etag: String?
    @OptionGroup var connection: AdminOptions

    func work() throws -> @Sendable (AdminConnection) async throws -> Void {
      guard !clearLabels || label.isEmpty else { throw ValidationError("give --label or --clear-labels.") }
      let labels = label.isEmpty && !clearLabels ? nil : try Labels.parse(label)
      let paths = [email.map { _ in "email" }, name.map { _ in "name" }, labels.map { _ in "labels" }].compactMap { $0 }
      guard !paths.isEmpty else { throw ValidationError("say what to change: --email, --name, --label.") }
      return { [user, email, name, etag] admin in
        let id = try await admin.id(user)
        let request = UpdateUserRequest.with {
          $0.user = .with {
            ($0.id, $0.email, $0.name, $0.labels, $0.etag) = (id, email ?? "", name ?? "", labels ?? [:], etag ?? "")
          }
          $0.updateMask = .with { $0.paths = paths }
        }
        try admin.show(try await admin.users.updateUser(request, options: admin.options))
      }
    }
  }

  struct Delete: AdminSubcommand {
    static let configuration = CommandConfiguration(
      commandName: "delete", abstract: "Delete a user. It can be undeleted until its purge time.")
    @Argument(help: "An id or an email.") var user: String
    @OptionGroup var connection: AdminOptions

    func work() throws -> @Sendable (AdminConnection) async throws -> Void {
      { [user] admin in
        let id = try await admin.id(user)
        try admin.show(try await admin.users.deleteUser(.with { $0.id = id }, options: admin.options))
      }
    }
  }

  struct Undelete: AdminSubcommand {
    static let configuration = CommandConfiguration(commandName: "undelete", abstract: "Restore a deleted user.")
    @Argument(help: "An id or an email.") var user: String
    @OptionGroup var connection: AdminOptions

    func work() throws -> @Sendable (AdminConnection) async throws -> Void {
      { [user] admin in
        let id = try await admin.id(user)
        try admin.show(try await admin.users.undeleteUser(.with { $0.id = id }, options: admin.options))
      }
    }
  }
}

extension AdminCommand {
  struct Purge: AdminSubcommand {
    static let configuration = CommandConfiguration(
      commandName: "purge", abstract: "Erase a user for good, deleted or not. Nothing brings it back.")
    @Argument(help: "An id or an email.") var user: String
    @Flag(help: "Do it. Without it, the user is only printed.") var yes = false
    @OptionGroup var connection: AdminOptions

    func work() throws -> @Sendable (AdminConnection) async throws -> Void {
      { [user, yes] admin in
        let found = try await admin.user(user)
        try admin.show(found)
        guard yes else { throw AdminFailure(message: "Nothing is erased without --yes.", code: 64) }
        let request = PurgeUserRequest.with { ($0.id, $0.etag) = (found.id, found.etag) }
        _ = try await admin.users.purgeUser(request, options: admin.options)
      }
    }
  }
}

/// Labels as arguments write them.
enum Labels {
  /// - Throws: `ValidationError` for a text without `=`, or a key twice.
  static func parse(_ texts: [String]) throws -> [String: String] {
    var labels: [String: String] = [:]
    for text in texts {
      guard let sign = text.firstIndex(of: "="), sign > text.startIndex else {
        throw ValidationError("--label has '\(text)'; it must be KEY=VALUE.")
      }
      guard labels.updateValue(String(text[text.index(after: sign)...]), forKey: String(text[..<sign])) == nil else {
        throw ValidationError("--label has \(text[..<sign]) twice.")
      }
    }
    return labels
  }
}
