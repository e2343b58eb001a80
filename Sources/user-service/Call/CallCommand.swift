import ArgumentParser
import EventLoop
import Glibc
import ProtoWire
import RPCClient
import RPCCore
import Transport
import UserAPI

/// Calls a method of a user service: with JSON in and out, so that operators need no other tool.
struct CallCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "call",
    abstract: "Call a method of a user service.",
    discussion: """
      Fields are given as NAME=VALUE, nested ones as user.email=ada@example.com, or the whole request as JSON. Each \
      response is printed as a line of JSON.

        user-service call --plaintext get-user id=0190…
        user-service call --plaintext list-users page_size=10 'order_by=create_time desc'
        user-service call --plaintext create-user --data '{"user": {"email": "ada@example.com"}}'

      Methods: \(UserServiceMethods.service.methods.map { CallRequest.dashed($0.name) }.joined(separator: ", ")).

      Exit codes: 0 after OK; 64 plus the number of the status if the call fails, as grpcurl has it; 64 if an argument \
      is wrong.
      """)

  @Argument(help: "get-user, GetUser, or users.v1.UserService/GetUser.")
  var method: String
  @Argument(help: ArgumentHelp("Fields of the request.", valueName: "name=value"))
  var fields: [String] = []

  @Option(
    name: .shortAndLong, help: ArgumentHelp("The request as JSON; - reads it from standard input.", valueName: "json"))
  var data: String?
  @Option(help: ArgumentHelp("Whom to call: HOST:PORT, dns:///HOST:PORT, unix:PATH.", valueName: "target"))
  var server = "127.0.0.1:50051"
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
  @OptionGroup var tls: CallTLSOptions

  func validate() throws {
    guard timeout > 0, timeout < 1e9 else { throw ValidationError("--timeout must be above 0.") }
  }

  func run() throws {
    let request = try CallRequest(method: method, fields: fields, data: data)
    let channel: Channel
    do {
      channel = try Channel(ChannelTarget(server), configuration: try tls.configuration())
    } catch let error as ChannelError {
      throw ValidationError("--server: \(error)")
    } catch let error as TLSError {
      throw ValidationError("\(error)")
    }
    let options = try options()
    let isVerbose = verbose
    let failure = Latch.wait { () -> RPCError? in
      defer { if isVerbose, let record = options.record { Self.show(record) } }
      do {
        let responses: ResponseStream<Google_Protobuf_Empty> = channel.serverStreaming(
          request.method, request.message, options)
        for try await response in responses { Output.line(try request.json(response)) }
        return nil
      } catch {
        return RPCError(mapping: error)
      }
    }
    guard let failure else { return }
    Output.line(request.describe(failure), to: STDERR_FILENO)
    throw ExitCode(Int32(64 + failure.code.rawValue))
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
