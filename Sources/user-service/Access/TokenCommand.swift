import ArgumentParser
import Glibc
import Tokens
import Transport
import UserService

struct TokenCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "token",
    abstract: "Make an access token, or check one.",
    subcommands: [Issue.self, Check.self],
    defaultSubcommand: Issue.self)

  struct Issue: NestedCommand {
    static let parent = "token"
    static let configuration = CommandConfiguration(
      commandName: "issue",
      abstract: "Print an access token for an operator or a service.",
      discussion: """
        It needs no server and no database, only the keys: so the first administrator gets in. Whoever has the token is \
        the subject until it ends; hand it on as you would a password.
        """)

    @Option(
      name: .long,
      help: ArgumentHelp(
        "Whom the token stands for: the name of a service or an operator, or the id of a user, which makes it that"
          + " user's.", valueName: "name"))
    var subject: String
    @Option(
      name: .long,
      help: ArgumentHelp(
        "What its bearer may do: users.read, users.write, …, or admin for everything; may be given several times.",
        valueName: "scope"))
    var scope: [String] = []
    @Option(name: .long, help: ArgumentHelp("How many seconds it is valid, at most 31536000.", valueName: "seconds"))
    var lifetime = 900
    @OptionGroup var keys: KeyOptions
    @OptionGroup var tokens: TokenOptions

    func run() throws {
      guard !subject.isEmpty, subject.utf8.count <= 128 else {
        throw ValidationError("--subject must have 1 to 128 bytes.")
      }
      if let scope = scope.first(where: { !Scope.isValid($0) }) { throw ValidationError("'\(scope)' is no scope.") }
      guard (1...31_536_000).contains(lifetime) else {
        throw ValidationError("--lifetime must be from 1 to 31536000 seconds.")
      }
      let authority = try tokens.authority()
      let keys = try keys.requiredDirectory().loadOrExit()
      let now = WallClock.seconds()
      let token = AccessToken(
        subject: subject, scopes: scope, id: UserIDGenerator().next().description, issueTime: now,
        expireTime: now + Int64(lifetime))
      guard let text = keys.signer(now: now).flatMap({ authority.issue(token, key: $0) }) else {
        throw Program.exit(with: Unavailable(message: "No key can sign now. Make one: user-service keys new."))
      }
      Output.line(text)
    }
  }

  struct Check: NestedCommand {
    static let parent = "token"
    static let configuration = CommandConfiguration(
      commandName: "check",
      abstract: "Tell what a token says, and whether a server with these keys takes it.",
      discussion: "It reads the token from its standard input. Exit code 1 if the token is refused.")

    @OptionGroup var keys: KeyOptions
    @OptionGroup var tokens: TokenOptions

    func run() throws {
      let authority = try tokens.authority()
      let keys = try keys.requiredDirectory().loadOrExit()
      let text = (readLine() ?? "").filter { !$0.isWhitespace }
      do throws(TokenFault) {
        let token = try authority.verify(text, keys: keys, now: WallClock.seconds())
        Output.line(
          "subject \(token.subject), scopes \(token.scopes.joined(separator: " ")), ends"
            + " \(WallClock.text(token.expireTime))")
      } catch {
        Output.line("refused: \(error.rawValue)")
        throw ExitCode(1)
      }
    }
  }
}
