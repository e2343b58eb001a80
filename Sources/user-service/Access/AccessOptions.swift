import ArgumentParser
import CommandOptions
import Tokens
import Transport
import UserService

/// The flags that say who may call.
struct AccessOptions: ParsableArguments {
  @OptionGroup var keys: KeyOptions
  @OptionGroup var tokens: TokenOptions

  @Option(
    name: .long,
    help: ArgumentHelp(
      "What the bearer of a client certificate may do: an identity of the certificate, = and scopes separated by '+', such"
        + " as billing.internal=users.read+users.write; may be given several times."
        + " [env: USER_SERVICE_CERTIFICATE_SCOPES, separated by commas]",
      valueName: "identity=scopes"))
  var certificateScopes: [String] = []

  @Flag(
    name: .long,
    help:
      "Serve without keys, so that everybody may make every call. For development. [env: USER_SERVICE_INSECURE_DEV=true]"
  )
  var insecureDev = false

  @Option(
    name: .long,
    help: ArgumentHelp(
      "How much work hashing a password is, from 10 to 16; each step doubles it. `user-service password-cost` advises one."
        + " [env: USER_SERVICE_PASSWORD_COST] (default: 12)",
      valueName: "cost"))
  var passwordCost: Int?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "A file of passwords that nobody may choose, one on each line, beside the most common ones, which are refused anyway."
        + " [env: USER_SERVICE_REFUSED_PASSWORDS]",
      valueName: "file"))
  var refusedPasswords: String?

  /// - Throws: `ValidationError` (exit code 64) without keys, unless it is to serve without; `ExitCode` 69 if the keys
  ///   can't be used.
  func settings() throws -> Service.Access {
    let allowsAnonymous =
      try insecureDev || Environment.value("USER_SERVICE_INSECURE_DEV", "true or false", Bool.init) ?? false
    let directory = keys.directory()
    guard allowsAnonymous || directory != nil else {
      throw ValidationError(
        """
        There are no keys, so nobody could prove who calls. Make one (user-service keys new --keys DIRECTORY) and name the \
        directory: --keys, or USER_SERVICE_KEYS. For development, --insecure-dev lets everybody make every call.
        """)
    }
    let cost = try Limits.value(passwordCost, "PASSWORD_COST", PasswordHash.costs) ?? 12
    let set = try directory?.loadOrExit() ?? Self.passingKeys()
    if let directory, set.isEmpty, !allowsAnonymous {
      throw Program.exit(
        with: Unavailable(
          message: "There is no key in \(directory.path). Make one: user-service keys new --keys \(directory.path)."))
    }
    return Service.Access(
      directory: directory, keys: LiveKeys(set), authority: try tokens.authority(), certificates: try certificates(),
      allowsAnonymous: allowsAnonymous, passwordCost: cost, refusedPasswords: try refused())
  }

  private func refused() throws -> RefusedPasswords {
    guard let path = refusedPasswords ?? Environment.text("USER_SERVICE_REFUSED_PASSWORDS") else {
      return RefusedPasswords()
    }
    do throws(SmallFile.Fault) {
      return RefusedPasswords(lines: try SmallFile.read(path, limit: 256 << 20))
    } catch {
      throw Program.exit(with: Unavailable(message: "The file of refused passwords can't be used: \(error.message)."))
    }
  }

  /// Without a directory, sign-ins have a key that nobody else knows and that ends with the process.
  private static func passingKeys() -> KeySet {
    let key = TokenKey.generate(id: "passing", algorithm: .hs256, createTime: WallClock.seconds(), notBefore: 0)
    return KeySet(key.map { [$0] } ?? [])
  }

  private func certificates() throws -> [String: [String]] {
    let texts =
      certificateScopes.isEmpty
      ? try EnvironmentList.values(of: "USER_SERVICE_CERTIFICATE_SCOPES") ?? [] : certificateScopes
    var scopes: [String: [String]] = [:]
    for text in texts {
      // The last one: a URI may have = in it, a scope has not.
      guard let sign = text.lastIndex(of: "="), sign > text.startIndex else { throw Self.invalid(text) }
      let names = text[text.index(after: sign)...].split(separator: "+", omittingEmptySubsequences: false)
      guard names.allSatisfy({ Scope.isValid($0) }) else { throw Self.invalid(text) }
      scopes[String(text[..<sign]), default: []] += names.map(String.init)
    }
    return scopes
  }

  private static func invalid(_ text: String) -> ValidationError {
    ValidationError("--certificate-scopes has '\(text)'; it must be IDENTITY=SCOPE+SCOPE.")
  }
}
