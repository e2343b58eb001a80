import ArgumentParser
import Glibc

/// The command line of the user service. Flags take precedence over environment variables, and those over defaults.
@main
struct UserServiceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "user-service",
    abstract: "A user directory over gRPC, on Postgres.",
    discussion: """
      Exit codes: 0 after a clean stop; 64 if a flag or an environment variable is wrong; 69 if it can't listen or \
      can't use the database. The message on standard error says what to do.
      """,
    version: UserServiceVersion.current,
    subcommands: [
      ServeCommand.self, MigrateCommand.self, PurgeCommand.self, KeysCommand.self, TokenCommand.self,
      CallCommand.self, AdminCommand.self, PasswordCostCommand.self, CheckCommand.self, OpenAPICommand.self,
      GraphQLCommand.self, VersionCommand.self,
    ])

  static func main() {
    do {
      var command = try parseAsRoot()
      do {
        try command.run()
      } catch let error as ValidationError {
        // The parser itself would point to the help of the program, which lists subcommands but no flags.
        let words = ["user-service help", (type(of: command) as? any NestedCommand.Type)?.parent]
        let help = (words + [type(of: command).configuration.commandName]).compactMap { $0 }.joined(separator: " ")
        Output.line("Error: \(error.message)\nSee '\(help)' for more information.", to: STDERR_FILENO)
        throw ExitCode.validationFailure
      }
    } catch {
      exit(withError: error)
    }
  }
}

/// A command below another one.
protocol NestedCommand: ParsableCommand {
  /// The name of the command above it.
  static var parent: String { get }
}

/// The version of the program. `version` prints it, and Postgres sees it in the application_name.
enum UserServiceVersion {
  static let current = "0.1.0"
}

struct VersionCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "version", abstract: "Print the version.")

  func run() { Output.line("user-service \(UserServiceVersion.current)") }
}
