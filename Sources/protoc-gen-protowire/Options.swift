/// What `--protowire_opt=` says.
struct Options {
  enum Visibility: String, CaseIterable {
    case `public`, package, `internal`

    /// The modifier with a space behind it; nothing for internal.
    var modifier: String { self == .internal ? "" : rawValue + " " }
  }

  var visibility = Visibility.internal
  /// Modules of .proto files, by path or by leading directory. The longest that fits wins.
  var modules: [(path: String, module: String)] = []
  var services = Services.both
  /// Whether the comments are written as data too.
  var comments = false

  /// What is made of a service, beside the descriptors of its methods.
  struct Services: OptionSet {
    let rawValue: UInt8

    static let server = Services(rawValue: 1)
    static let client = Services(rawValue: 2)
    static let both: Services = [.server, .client]
  }

  /// Comma-separated: `Visibility=public|package|internal`, `Module=PATH:MODULE` (repeatable; the Swift module that
  /// holds what is generated for the .proto file, or for all in the directory, when it is imported; those of
  /// google/protobuf, google/rpc, google/api and rpcgateway/v1 are known), `Services=true|server|client|false` and
  /// `Comments=true|false`.
  init(parameter: String) throws(GeneratorError) {
    for option in parameter.split(separator: ",") {
      let pair = option.split(separator: "=", maxSplits: 1).map(String.init)
      guard pair.count == 2 else { throw GeneratorError("option \(option) has no value") }
      let (key, value) = (pair[0], pair[1])
      switch key {
      case "Visibility":
        guard let visibility = Visibility(rawValue: value.lowercased()) else {
          throw GeneratorError("Visibility is public, package or internal, not \(value)")
        }
        self.visibility = visibility
      case "Module":
        let parts = value.split(separator: ":").map(String.init)
        guard parts.count == 2 else { throw GeneratorError("Module is PATH:MODULE, not \(value)") }
        modules.append((parts[0], parts[1]))
      case "Services":
        switch value {
        case "true": services = .both
        case "server": services = .server
        case "client": services = .client
        case "false": services = []
        default: throw GeneratorError("Services is true, server, client or false, not \(value)")
        }
      case "Comments":
        guard let isWanted = Bool(value) else { throw GeneratorError("Comments is true or false, not \(value)") }
        comments = isWanted
      default:
        throw GeneratorError("there is no option \(key): try Visibility, Module, Services or Comments")
      }
    }
  }

  /// Where nothing else was said: what this package has generated already.
  private static let knownModules = [
    (path: "google/protobuf", module: "ProtoWire"), ("google/rpc", "RPCCore"), ("google/api", "RPCCore"),
    ("rpcgateway/v1", "RPCCore"),
  ]

  /// The module that the file's types are imported from; nil if they are in the module being generated.
  func module(of file: String) -> String? {
    Self.module(of: file, in: modules) ?? Self.module(of: file, in: Self.knownModules)
  }

  private static func module(of file: String, in modules: [(path: String, module: String)]) -> String? {
    modules
      .filter { file == $0.path || file.hasPrefix($0.path.hasSuffix("/") ? $0.path : $0.path + "/") }
      .max { $0.path.count < $1.path.count }?
      .module
  }
}

/// What is wrong with a request, in a sentence for the user of protoc.
struct GeneratorError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) {
    self.description = description
  }
}
