import ArgumentParser
import EventLoop
import Glibc
import RPCCore

/// What operators do to users and accounts, through a server that runs: each of its rules holds for them too.
struct AdminCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "admin",
    abstract: "Look after users and accounts of a server that runs.",
    discussion: """
      The access token is read from USER_SERVICE_TOKEN, never from an argument, which every process of the machine may \
      read: export USER_SERVICE_TOKEN=$(user-service token --subject $USER --scope admin).
      USER is an id or an email. Users are printed as JSON, a line each; --format csv prints a table.

      Exit codes: 0 after success; 64 plus the number of the status if a call fails, as `user-service call` has it; 1 if \
      rows of an import failed; 64 if an argument is wrong; 66 if a file can't be used.
      """,
    subcommands: [
      Create.self, Get.self, List.self, Update.self, Delete.self, Undelete.self, Purge.self, SetPassword.self,
      Disable.self,
      Enable.self, Sessions.self, Import.self, Export.self,
    ])
}

/// A subcommand of `admin`.
protocol AdminSubcommand: NestedCommand {
  /// How it reaches the server.
  var connection: AdminOptions { get }
  /// What it does once it is connected. What is wrong with its arguments is found out before.
  func work() throws -> @Sendable (AdminConnection) async throws -> Void
}

extension AdminSubcommand {
  static var parent: String { "admin" }

  func run() throws {
    let work = try work()
    let admin = try connection.connect()
    let failure = Latch.wait { () -> (any Error)? in
      do {
        try await work(admin)
        return nil
      } catch {
        return error
      }
    }
    switch failure {
    case nil: return
    case let error as AdminFailure:
      Output.line("Error: \(error.message)", to: STDERR_FILENO)
      throw ExitCode(error.code)
    case let error?:
      let error = RPCError(mapping: error)
      Output.line(admin.describe(error), to: STDERR_FILENO)
      throw ExitCode(Int32(64 + error.code.rawValue))
    }
  }
}

/// Ends the command with a message and an exit code.
struct AdminFailure: Error {
  let message: String
  let code: Int32

  /// A file that can't be used: EX_NOINPUT.
  static func file(_ path: String, _ call: String) -> AdminFailure {
    AdminFailure(message: "\(path) can't be used: \(call): \(String(cString: strerror(errno))).", code: 66)
  }
}
