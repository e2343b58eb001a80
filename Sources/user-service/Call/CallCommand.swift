import ArgumentParser
import CommandOptions
import EventLoop
import Glibc
import ProtoWire
import RPCClient
import RPCCore
import RPCDynamic
import Transport
import UserAPI

/// Calls a method of a user service, or of any server with reflection: with JSON in and out, so that operators need no
/// other tool.
struct CallCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "call",
    abstract: "Call a method of a user service, or of any gRPC server.",
    discussion: """
      Fields are given as NAME=VALUE, nested ones as user.email=ada@example.com, or the whole request as JSON. Each \
      response is printed as a line of JSON.

        user-service call --plaintext get-user id=0190…
        user-service call --plaintext list-users page_size=10 'order_by=create_time desc'
        user-service call --plaintext create-user --data '{"user": {"email": "ada@example.com"}}'

      Any method of any server that has reflection, as grpcurl does it:

        user-service call --plaintext --reflect HOST:PORT list [SERVICE]
        user-service call --plaintext --reflect HOST:PORT describe [SYMBOL]
        user-service call --plaintext --reflect HOST:PORT helloworld.Greeter/SayHello --data '{"request": "Ada"}'

      A stream of requests is a JSON array, or objects one after the other.

      Methods: \(UserServiceMethods.service.methods.map { CallRequest.dashed($0.name) }.joined(separator: ", ")).

      Exit codes: 0 after OK; 64 plus the number of the status if the call fails, as grpcurl has it; 64 if an argument \
      is wrong.
      """)

  @Argument(help: "get-user, GetUser, or users.v1.UserService/GetUser; with --reflect also list and describe.")
  var method: String
  @Argument(
    help: ArgumentHelp("Fields of the request; what to list or to describe.", valueName: "name=value"))
  var fields: [String] = []

  @Option(
    name: .shortAndLong, help: ArgumentHelp("The request as JSON; - reads it from standard input.", valueName: "json"))
  var data: String?
  @Option(
    help: ArgumentHelp(
      "Whom to call: HOST:PORT, dns:///HOST:PORT, unix:PATH; by default 127.0.0.1:50051.", valueName: "target"))
  var server: String?
  @Option(
    help: ArgumentHelp("Whom to call, whose methods the server itself describes (reflection).", valueName: "target"))
  var reflect: String?
  @Option(
    name: [.customShort("H"), .long],
    help: ArgumentHelp("Metadata of the request; may be given several times.", valueName: "name: value"))
  var header: [String] = []
  @Option(help: ArgumentHelp("An access token; else that in USER_SERVICE_TOKEN, if there is one.", valueName: "token"))
  var token: String?
  @Option(help: ArgumentHelp("Seconds that the call may take.", valueName: "seconds"))
  var timeout = 10.0
  @Flag(help: "Wait for a server that can't be reached yet, as long as the timeout allows.")
  var waitForReady = false
  @Flag(name: .shortAndLong, help: "Print the metadata of the response too, on standard error.")
  var verbose = false
  @OptionGroup var tls: ClientTLSOptions

  func validate() throws {
    guard timeout > 0, timeout < 1e9 else { throw ValidationError("--timeout must be above 0.") }
    guard server == nil || reflect == nil else { throw ValidationError("give --server or --reflect.") }
    guard reflect == nil || !["list", "describe"].contains(method) || fields.count <= 1 else {
      throw ValidationError("\(method) takes one name.")
    }
  }

  func run() throws {
    // What is wrong with a method of our own, nobody needs to be asked about.
    let own = reflect == nil ? try CallRequest(CallRequest.ownMethod(method), fields: fields, data: data) : nil
    let channel = try channel()
    let options = try options()
    defer { if verbose, let record = options.record { Self.show(record) } }
    do {
      guard let request = try own ?? reflected(CallReflection(channel, options)) else { return }
      let runner = CallRunner(request: request, channel: channel, options: options)
      guard let failure = Latch.wait(for: { await runner.run() }) else { return }
      throw fail(failure, runner.describe(failure))
    } catch let error as RPCError {
      throw fail(error, "\(error)")
    } catch let error as DynamicError {
      throw ValidationError("\(error).")
    }
  }

  private func fail(_ error: RPCError, _ text: String) -> ExitCode {
    Output.line(text, to: STDERR_FILENO)
    return ExitCode(Int32(64 + error.code.rawValue))
  }

  /// - Returns: nil where nothing is to be called.
  private func reflected(_ reflection: CallReflection) throws -> CallRequest? {
    switch method {
    case "list": for line in try reflection.list(fields.first) { Output.line(line) }
    case "describe": for text in try reflection.describe(fields.first) { Output.line(text) }
    default: return try CallRequest(reflection.method(method), fields: fields, data: data)
    }
    return nil
  }

  private func channel() throws -> Channel {
    var configuration = ChannelConfiguration()
    configuration.tls = try tls.context()
    configuration.authority = tls.authority
    configuration.maximumResponseSize = 64 << 20
    do throws(ChannelError) {
      return try Channel(ChannelTarget(reflect ?? server ?? "127.0.0.1:50051"), configuration: configuration)
    } catch {
      throw ValidationError("\(reflect == nil ? "--server" : "--reflect"): \(error)")
    }
  }

  private func options() throws -> CallOptions {
    var options = CallOptions()
    options.timeout = .seconds(timeout)
    options.waitsForReady = waitForReady
    options.record = CallRecord()
    for text in header {
      let parts = text.split(separator: ":", maxSplits: 1).map { $0.drop { $0 == " " } }
      guard parts.count == 2, options.metadata.add(String(parts[0]), String(parts[1])) else {
        throw ValidationError("--header '\(text)' is not NAME: VALUE.")
      }
    }
    if let token = token ?? Environment.text("USER_SERVICE_TOKEN") {
      guard options.metadata.add("authorization", "Bearer \(token)") else {
        throw ValidationError("the token is not text that can be sent.")
      }
    }
    return options
  }

  private static func show(_ record: CallRecord) {
    func lines(_ title: String, _ metadata: Metadata?) -> [String] {
      [title]
        + (metadata ?? [:]).map { "  \($0.name): \(String(decoding: Metadata.wireValue($0.value), as: UTF8.self))" }
    }
    let all =
      ["server: \(record.peer ?? "none"), attempts: \(record.attempts)"]
      + lines("initial metadata:", record.initialMetadata) + lines("trailing metadata:", record.trailingMetadata)
    Output.line(all.joined(separator: "\n"), to: STDERR_FILENO)
  }
}
