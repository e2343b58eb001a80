import ArgumentParser
import CJemalloc
import CommandOptions
import EventLoop
import Glibc
import Primitives
import RPCClient
import RPCCore
import RPCDynamic
import RPCLoad

/// A load generator for gRPC.
@main
struct LoadCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rpc-load",
    abstract: "Call a method of a gRPC server again and again, and report latencies.",
    discussion: """
        rpc-load --insecure --call users.v1.UserService/LookupUser -d '{"email": "ada@example.com"}' 127.0.0.1:50051
        rpc-load --insecure --call helloworld.Greeter/SayHello -z 30s -r 5000 --fail-if 'p99>20ms' 127.0.0.1:50052

      The server describes its methods by reflection, or a file by --protoset. Flags have the names of ghz and grpcurl.

      Exit codes: 0; 2 if a condition of --fail-if holds; 64 if an argument is wrong; 69 if the server does not \
      describe the method. ctrl-C ends the load and reports what was done; a second one ends the program.
      """)

  @Option(
    help: ArgumentHelp(
      "The method: users.v1.UserService/GetUser, or with a dot before the method.", valueName: "method"))
  var call: String
  @Argument(help: ArgumentHelp("Whom to call: HOST:PORT, dns:///HOST:PORT, unix:PATH.", valueName: "target"))
  var target: String

  @Option(
    help: ArgumentHelp(
      "A file that describes the method, by protoc --include_imports --descriptor_set_out; else reflection does.",
      valueName: "file"))
  var protoset: String?
  @OptionGroup(title: "Load") var rate: RateOptions
  @OptionGroup(title: "Requests") var data: DataOptions
  @Option(
    name: [.customShort("t"), .long],
    help: ArgumentHelp("How long a call may take; 0: for ever.", valueName: "duration"))
  var timeout = DurationOption(nanoseconds: 20_000_000_000)
  @Flag(name: [.customShort("e"), .long], help: "Compress requests by gzip.")
  var enableCompression = false
  @OptionGroup(title: "Connections") var connections: ConnectionOptions
  @OptionGroup(title: "Report") var output: OutputOptions

  func validate() throws {
    do throws(DynamicError) {
      _ = try MethodCatalog.split(call)
    } catch {
      throw ValidationError("--call: \(error).")
    }
  }

  func run() throws {
    DescriptorLimit.raise()
    let signals = try SignalSource(SIGINT, SIGTERM)
    let control = try EventLoopGroup(count: 1, name: "control")
    let configuration = try connections.configuration(compression: enableCompression ? .gzip : nil)
    let target = ChannelTarget(self.target)
    let method = try method(target, configuration)
    let (json, fields) = (try data.text(), try data.fields())
    let requests: LoadRequests
    do throws(LoadError) {
      requests = try LoadRequests(method, data: json, metadata: fields)
    } catch {
      throw ValidationError("\(error).")
    }
    var plan = LoadPlan(requests: requests, target: target, configuration: configuration)
    plan.connections = connections.connections
    plan.timeout = timeout.nanoseconds
    plan.countsErrors = output.countErrors
    plan.streamCount = data.streamCallCount
    plan.streamInterval = data.streamInterval.nanoseconds
    try rate.apply(to: &plan)
    let loops = try EventLoopGroup(count: min(connections.connections, connections.cpus), name: "load")
    let run = LoadRun(plan, on: loops)
    try signals.watch(on: control.loops[0]) { run.stop(cutsOff: true) }
    let date = TemplateValues.timestamp()
    let progress = output.noProgress ? nil : ProgressLine(run, plan, on: control.loops[0])
    let result = try Latch.wait { await Result { () async throws in try await run.result() } }.get()
    progress?.finish()
    try report(result, date: date)
    _ = cjemalloc_allocated_bytes()
  }

  private func report(_ result: LoadResult, date: String) throws {
    let broken = try output.thresholds().compactMap { threshold in
      threshold.broken(by: result).map { "\(threshold): it is \($0)" }
    }
    try File.write(output.report(result, date: date, broken: broken), to: output.output)
    guard !broken.isEmpty else { return }
    for line in broken { File.say("rpc-load: \(line)\n") }
    throw ExitCode(2)
  }

  private func method(_ target: ChannelTarget, _ configuration: ChannelConfiguration) throws -> DynamicMethod {
    do {
      let (service, _) = try MethodCatalog.split(call)
      if let protoset {
        return try MethodCatalog(descriptorSet: File.bytes(protoset, "--protoset")).method(call)
      }
      let channel = try Channel(target, configuration: configuration)
      var options = CallOptions.with { $0.timeout = .seconds(20) }
      for (name, value) in try data.fields() where !value.contains("{{") { options.metadata.add(name, value) }
      let reflection = ReflectionClient(channel, options: options)
      let catalog = Latch.wait {
        await Result { () async throws in try await reflection.catalog(of: service) }
      }
      return try catalog.get().method(call)
    } catch let error as RPCError {
      File.say("rpc-load: the server's reflection can't be asked: \(error)\n")
      throw ExitCode(69)
    } catch let error as ChannelError {
      throw ValidationError("\(error).")
    } catch let error as DynamicError {
      File.say("rpc-load: \(error)\n")
      throw ExitCode(protoset == nil ? 69 : 64)
    }
  }
}

extension Result where Failure == any Error {
  /// What an asynchronous function returns or throws.
  init(_ body: () async throws -> Success) async {
    do {
      self = .success(try await body())
    } catch {
      self = .failure(error)
    }
  }
}
