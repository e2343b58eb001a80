import ArgumentParser
import Tokens
import Transport

struct KeysCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keys",
    abstract: "Make, list, rotate and retire the keys of access tokens.",
    discussion: """
      A key is a file, ID.jwk, that only its owner may read. Servers read the directory every few seconds: nothing needs a \
      restart.
      """,
    subcommands: [New.self, List.self, Rotate.self, Retire.self])

  /// How long a new key beside others waits before it signs, in seconds: until then each replica has read it.
  static let delay: Int64 = 60

  struct New: NestedCommand {
    static let parent = "keys"
    static let configuration = CommandConfiguration(
      commandName: "new", abstract: "Make a key. The first one signs at once, a later one after a minute.")

    @Option(
      name: .long,
      help: ArgumentHelp(
        "HS256, ES256 or EdDSA. Choose one of the latter two where other services verify tokens: with HS256 they could"
          + " also make them. (default: HS256)", valueName: "algorithm"),
      transform: { text in
        guard let algorithm = SignatureAlgorithm(rawValue: text) else {
          throw ValidationError("'\(text)' is not HS256, ES256 or EdDSA.")
        }
        return algorithm
      })
    var algorithm = SignatureAlgorithm.hs256
    @Option(
      name: .long,
      help: ArgumentHelp(
        "How many seconds it waits before it signs. (default: 0 for the first key, else 60)", valueName: "seconds"))
    var delay: Int?
    @OptionGroup var keys: KeyOptions

    func run() throws {
      let directory = try keys.requiredDirectory()
      let delay = try Limits.seconds(delay, flag: "--delay").map(Int64.init)
      let key = try KeysCommand.makeKey(algorithm, delay: delay, in: directory)
      Output.line("\(key.id) \(key.algorithm.rawValue) signs from \(WallClock.text(key.notBefore)) on")
    }
  }

  struct List: NestedCommand {
    static let parent = "keys"
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List the keys, the newest last.")
    @OptionGroup var keys: KeyOptions

    func run() throws {
      let keys = try keys.requiredDirectory().loadOrExit()
      let now = WallClock.seconds()
      let signer = keys.signer(now: now)
      for key in keys.keys {
        let state =
          key.id == signer?.id ? "signs" : !key.canSign || key.notBefore <= now ? "verifies" : "will sign"
        Output.line(
          "\(key.id) \(key.algorithm.rawValue) \(state), made \(WallClock.text(key.createTime)), signs from"
            + " \(WallClock.text(key.notBefore)) on")
      }
    }
  }

  struct Rotate: NestedCommand {
    static let parent = "keys"
    static let configuration = CommandConfiguration(
      commandName: "rotate",
      abstract: "Make a key like the newest one, which takes over after a minute.",
      discussion: "The old keys go on to verify what they have signed, until they are retired.")
    @OptionGroup var keys: KeyOptions

    func run() throws {
      let directory = try keys.requiredDirectory()
      let old = try directory.loadOrExit().keys
      guard let newest = old.last(where: \.canSign) else {
        throw Program.exit(with: Unavailable(message: "There is no key to replace. Make one: user-service keys new."))
      }
      let key = try KeysCommand.makeKey(newest.algorithm, delay: nil, in: directory)
      Output.line("\(key.id) \(key.algorithm.rawValue) signs from \(WallClock.text(key.notBefore)) on")
      Output.line("Once the last token of the others has ended, retire them: \(old.map(\.id).joined(separator: ", "))")
    }
  }

  struct Retire: NestedCommand {
    static let parent = "keys"
    static let configuration = CommandConfiguration(
      commandName: "retire",
      abstract: "Delete a key. Every token that it has signed is refused within seconds.")
    @Argument(help: "The id of the key.")
    var id: String
    @Flag(name: .long, help: "Delete it even if no other key can sign.")
    var force = false
    @OptionGroup var keys: KeyOptions

    func run() throws {
      let directory = try keys.requiredDirectory()
      let keys = try directory.loadOrExit()
      let rest = KeySet(keys.keys.filter { $0.id != id })
      if !force, keys[id] != nil, rest.signer(now: WallClock.seconds()) == nil {
        throw Program.exit(
          with: Unavailable(
            message: "No other key can sign now. Make one first (user-service keys rotate), or use --force."))
      }
      do throws(KeyDirectoryFault) {
        try directory.remove(id: id)
      } catch {
        throw Program.exit(with: Unavailable(message: "The key can't be deleted: \(error)."))
      }
      Output.line("\(id) is deleted")
    }
  }

  /// - Parameter delay: in seconds; nil: none for the first key, a minute for others.
  fileprivate static func makeKey(
    _ algorithm: SignatureAlgorithm, delay: Int64?, in directory: KeyDirectory
  ) throws -> TokenKey {
    let now = WallClock.seconds()
    // No directory yet is no fault: it is made with the key.
    let hasSigner = (try? directory.load())?.signer(now: now) != nil
    let id = "\(WallClock.text(now).prefix(10))-\(String(UInt32.random(in: .min ... .max), radix: 36))"
    let start = now + (delay ?? (hasSigner ? Self.delay : 0))
    guard let key = TokenKey.generate(id: id, algorithm: algorithm, createTime: now, notBefore: start) else {
      throw Program.exit(with: Unavailable(message: "OpenSSL could not make a key."))
    }
    do throws(KeyDirectoryFault) {
      try directory.add(key)
      return key
    } catch {
      throw Program.exit(with: Unavailable(message: "The key can't be stored: \(error)."))
    }
  }
}
