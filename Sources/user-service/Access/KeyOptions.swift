import ArgumentParser
import Glibc
import Tokens

/// The flag that says where the keys of tokens are.
struct KeyOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "The directory with the keys that sign and verify access tokens. [env: USER_SERVICE_KEYS]",
      valueName: "directory"))
  var keys: String?

  /// Nil if neither the flag nor the variable names one.
  func directory() -> KeyDirectory? {
    (keys ?? Environment.text("USER_SERVICE_KEYS")).map { KeyDirectory(path: $0) }
  }

  /// - Throws: `ValidationError` (exit code 64) without a directory.
  func requiredDirectory() throws -> KeyDirectory {
    guard let directory = directory(), !directory.path.isEmpty else {
      throw ValidationError("Say where the keys are: --keys DIRECTORY, or USER_SERVICE_KEYS.")
    }
    return directory
  }
}

/// The flags that say whose tokens they are, and for whom.
struct TokenOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "Who issues the tokens (claim iss). [env: USER_SERVICE_TOKEN_ISSUER] (default: user-service)", valueName: "name"))
  var tokenIssuer: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Whom the tokens are for (claim aud). [env: USER_SERVICE_TOKEN_AUDIENCE] (default: user-service)",
      valueName: "name"))
  var tokenAudience: String?

  func authority() throws -> TokenAuthority {
    TokenAuthority(
      issuer: try name(tokenIssuer, "TOKEN_ISSUER"), audience: try name(tokenAudience, "TOKEN_AUDIENCE"))
  }

  private func name(_ flag: String?, _ variable: String) throws -> String {
    let name = flag ?? Environment.text("USER_SERVICE_\(variable)") ?? "user-service"
    guard !name.isEmpty else { throw ValidationError("The issuer and the audience of tokens must not be empty.") }
    return name
  }
}

extension KeyDirectory {
  /// - Throws: `ExitCode` 69, after it has said why.
  func loadOrExit() throws -> KeySet {
    do throws(KeyDirectoryFault) {
      return try load()
    } catch {
      throw Program.exit(with: Unavailable(message: "The keys can't be read: \(error)."))
    }
  }
}
