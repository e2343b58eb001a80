import Foundation
import PackagePlugin

/// `swift package generate-protowire`: writes the Swift code of a package's .proto files. docs/generating-code.md tells how to use it.
@main
struct GenerateProtoWire: CommandPlugin {
  func performCommand(context: PluginContext, arguments: [String]) async throws {
    var extractor = ArgumentExtractor(arguments)
    if extractor.extractFlag(named: "help") > 0 { return print(Self.usage) }
    let root = context.package.directoryURL
    let target = try Self.target(named: extractor.extractOption(named: "target"), in: context.package)
    let protos = extractor.extractOption(named: "protos").last ?? "Protos"
    let imports = extractor.extractOption(named: "import-path")
    let options = extractor.extractOption(named: "option")
    let protoc = try Self.protoc(extractor.extractOption(named: "protoc").last)
    var files = extractor.remainingArguments
    if let unknown = files.first(where: { $0.hasPrefix("-") }) { throw Failure("there is no option \(unknown)\n\n" + Self.usage) }
    if files.isEmpty { files = Self.protoFiles(in: root.appending(path: protos)) }
    if files.isEmpty { throw Failure("there is no .proto file in \(protos)") }

    let output = target.directoryURL.appending(path: "Generated")
    let fresh = context.pluginWorkDirectoryURL.appending(path: "fresh")
    try? FileManager.default.removeItem(at: fresh)
    try FileManager.default.createDirectory(at: fresh, withIntermediateDirectories: true)
    let plugin = try context.tool(named: "protoc-gen-protowire").url.path
    var command = ["-I", protos] + imports.flatMap { ["-I", $0] }
    command += ["--plugin=protoc-gen-protowire=\(plugin)", "--protowire_out=\(fresh.path)"]
    if !options.isEmpty { command.append("--protowire_opt=" + options.joined(separator: ",")) }
    try Self.run(protoc, command + files, in: root)
    let count = try Self.replace(output, with: fresh)
    print("\(output.path): \(count == 0 ? "nothing to change" : "\(count) files written or removed")")
  }

  private static let usage = """
    usage: swift package generate-protowire [options] [file.proto ...]

    Writes the Swift code of .proto files to Sources/TARGET/Generated. Without files: of all in the directory of --protos,
    relative to which files are named.

      --target TARGET      the target that the code is for; may be left out if the package has only one
      --protos DIRECTORY   where the .proto files are (Protos)
      --import-path PATH   where else imported files are; repeatable
      --option KEY=VALUE   for the generator: Visibility, Module or Services; repeatable
      --protoc PATH        the protobuf compiler (the environment's PROTOC, or protoc in its PATH)
    """

  struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
      self.description = description
    }
  }

  private static func target(named names: [String], in package: Package) throws -> any SourceModuleTarget {
    let targets = package.targets.compactMap { $0 as? any SourceModuleTarget }
    if let name = names.last {
      guard let target = targets.first(where: { $0.name == name }) else { throw Failure("there is no target \(name)") }
      return target
    }
    let candidates = targets.filter { $0.kind != .test }
    guard let target = candidates.first, candidates.count == 1 else {
      throw Failure("say --target: the package has \(candidates.map(\.name).joined(separator: ", "))")
    }
    return target
  }

  private static func protoc(_ path: String?) throws -> URL {
    let environment = ProcessInfo.processInfo.environment
    if let path = path ?? environment["PROTOC"] { return URL(fileURLWithPath: path) }
    for directory in (environment["PATH"] ?? "").split(separator: ":") {
      let file = URL(fileURLWithPath: String(directory)).appending(path: "protoc")
      if FileManager.default.isExecutableFile(atPath: file.path) { return file }
    }
    throw Failure("protoc is missing: apt-get install protobuf-compiler, or say --protoc PATH")
  }

  /// All below the directory, relative to it.
  private static func protoFiles(in directory: URL) -> [String] {
    let paths = FileManager.default.enumerator(atPath: directory.path)?.compactMap { $0 as? String } ?? []
    return paths.filter { $0.hasSuffix(".proto") }.sorted()
  }

  private static func run(_ program: URL, _ arguments: [String], in directory: URL) throws {
    let process = Process()
    process.executableURL = program
    process.arguments = arguments
    process.currentDirectoryURL = directory
    try process.run()
    process.waitUntilExit()
    guard process.terminationReason == .exit, process.terminationStatus == 0 else { throw Failure("protoc failed") }
  }

  /// Touches only what changed, so that builds stay incremental. Returns how many files that were.
  private static func replace(_ output: URL, with fresh: URL) throws -> Int {
    let files = FileManager.default
    try files.createDirectory(at: output, withIntermediateDirectories: true)
    let wanted = try files.contentsOfDirectory(atPath: fresh.path)
    var count = 0
    for name in try files.contentsOfDirectory(atPath: output.path) where name.hasSuffix(".pb.swift") && !wanted.contains(name) {
      try files.removeItem(at: output.appending(path: name))
      count += 1
    }
    for name in wanted {
      let (source, destination) = (fresh.appending(path: name), output.appending(path: name))
      if files.contentsEqual(atPath: source.path, andPath: destination.path) { continue }
      try? files.removeItem(at: destination)
      try files.copyItem(at: source, to: destination)
      count += 1
    }
    return count
  }
}
