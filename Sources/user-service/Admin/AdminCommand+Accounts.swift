import ArgumentParser
import Glibc
import ProtoWire
import UserAPI

/// The subcommands that look after how users sign in.
extension AdminCommand {
  struct SetPassword: AdminSubcommand {
    static let configuration = CommandConfiguration(
      commandName: "set-password",
      abstract: "Set a user's password, and end its sessions.",
      discussion: "The password is asked for at a terminal, and is the first line of standard input elsewhere.")
    @Argument(help: "An id or an email.") var user: String
    @Flag(help: "What is read is a hash of the password, as crypt(3) or passlib writes it.") var hash = false
    @OptionGroup var connection: AdminOptions

    func work() throws -> @Sendable (AdminConnection) async throws -> Void {
      let secret = try PasswordPrompt.read(hash ? "Hash: " : "New password: ")
      return { [user, hash] admin in
        let id = try await admin.id(user)
        let request = SetPasswordRequest.with {
          $0.userID = id
          $0.credential = hash ? .passwordHash(secret) : .password(secret)
        }
        try admin.show(try await admin.accounts.setPassword(request, options: admin.options))
      }
    }
  }

  struct Disable: AdminSubcommand {
    static let configuration = CommandConfiguration(
      commandName: "disable", abstract: "Keep a user from signing in, and end its sessions.")
    @Argument(help: "An id or an email.") var user: String
    @OptionGroup var connection: AdminOptions

    func work() throws -> @Sendable (AdminConnection) async throws -> Void {
      { [user] admin in
        let id = try await admin.id(user)
        try admin.show(try await admin.accounts.disableUser(.with { $0.userID = id }, options: admin.options))
      }
    }
  }

  struct Enable: AdminSubcommand {
    static let configuration = CommandConfiguration(
      commandName: "enable", abstract: "Let a disabled user sign in again.")
    @Argument(help: "An id or an email.") var user: String
    @OptionGroup var connection: AdminOptions

    func work() throws -> @Sendable (AdminConnection) async throws -> Void {
      { [user] admin in
        let id = try await admin.id(user)
        try admin.show(try await admin.accounts.enableUser(.with { $0.userID = id }, options: admin.options))
      }
    }
  }

  struct Sessions: AdminSubcommand {
    static let configuration = CommandConfiguration(
      commandName: "sessions", abstract: "Print a user's sessions, or end them.")
    @Argument(help: "An id or an email.") var user: String
    @Option(help: ArgumentHelp("End this session; may be given several times.", valueName: "session")) var end:
      [String] = []
    @Flag(help: "End all sessions.") var endAll = false
    @OptionGroup var connection: AdminOptions

    func work() throws -> @Sendable (AdminConnection) async throws -> Void {
      guard !endAll || end.isEmpty else { throw ValidationError("give --end or --end-all.") }
      return { [user, end, endAll] admin in
        let id = try await admin.id(user)
        for session in end {
          _ = try await admin.accounts.revokeSession(.with { $0.sessionID = session }, options: admin.options)
        }
        if endAll {
          let ended = try await admin.accounts.revokeAllSessions(.with { $0.userID = id }, options: admin.options)
          Output.line("Sessions that have ended: \(ended.revokedCount)", to: STDERR_FILENO)
        }
        let left = try await admin.accounts.listSessions(.with { $0.userID = id }, options: admin.options)
        for session in left.sessions { try admin.show(session) }
      }
    }
  }
}
