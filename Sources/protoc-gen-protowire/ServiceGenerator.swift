import ProtoWire

/// Writes a service: the descriptors of its methods, the protocol that its provider conforms to, and its client.
struct ServiceGenerator {
  let service: Google_Protobuf_ServiceDescriptorProto
  let file: Google_Protobuf_FileDescriptorProto
  let index: Int
  let comments: Comments
  let visibility: Options.Visibility
  let emitted: Options.Services
  let schema: Schema

  struct Method {
    let descriptor: Google_Protobuf_MethodDescriptorProto
    let name: String
    let input: String
    let output: String

    /// Name of the kind in `MethodDescriptor.Kind` and of the function in `MethodHandler`.
    var kind: String {
      switch (descriptor.clientStreaming ?? false, descriptor.serverStreaming ?? false) {
      case (false, false): "unary"
      case (true, false): "clientStreaming"
      case (false, true): "serverStreaming"
      case (true, true): "bidirectionalStreaming"
      }
    }

    /// Its options as lines that set them, without features, which concern generators only.
    var options: [String] {
      var lines: [String] = []
      if let deprecated = descriptor.options?.deprecated { lines.append("$0.deprecated = \(deprecated)") }
      if let level = descriptor.options?.idempotencyLevel { lines.append("$0.idempotencyLevel = .\(level)") }
      // Those that other files declare.
      var bytes = descriptor.options?.unknownFields.wireBytes[...] ?? []
      if bytes.isEmpty { return lines }
      lines.append("$0.unknownFields = UnknownFields(wireBytes: [")
      while !bytes.isEmpty {
        lines.append("  " + bytes.prefix(20).map { "\($0)," }.joined(separator: " "))
        bytes = bytes.dropFirst(20)
      }
      return lines + ["])"]
    }

    /// Declaration without `func`.
    var signature: String {
      switch kind {
      case "unary": "\(name)(_ request: \(input), context: ServerContext) async throws -> \(output)"
      case "clientStreaming":
        "\(name)(_ requests: RequestStream<\(input)>, context: ServerContext) async throws -> \(output)"
      case "serverStreaming":
        "\(name)(_ request: \(input), responses: ResponseWriter<\(output)>, context: ServerContext) async throws"
      default:
        "\(name)(_ requests: RequestStream<\(input)>, responses: ResponseWriter<\(output)>, "
          + "context: ServerContext) async throws"
      }
    }

    var call: String {
      switch kind {
      case "unary", "clientStreaming": "try await self.\(name)($0, context: $1)"
      default: "try await self.\(name)($0, responses: $1, context: $2)"
      }
    }
  }

  func generate(_ code: inout CodeWriter) throws(GeneratorError) {
    let prefix = Names.typePrefix(package: file.package ?? "", swiftPrefix: file.options?.swiftPrefix)
    var name = prefix + Names.capitalized((service.name ?? "")[...])
    let suffixes = ["Provider", "Methods", "Client", "ClientProtocol"]
    while suffixes.contains(where: { schema.hasType(name + $0) }) { name += "Service" }
    let fullName = [file.package, service.name].compactMap { $0 }.joined(separator: ".")
    var methods: [Method] = []
    var taken: Set<String> = ["init", "self", "service", "methodHandlers", "channel"]
    for method in service.method {
      var name = Names.lowerCamelCase(method.name ?? "")
      while !taken.insert(name).inserted { name += "_p" }
      methods.append(
        Method(
          descriptor: method, name: Names.escaped(name),
          input: try schema.message(method.inputType).swiftName,
          output: try schema.message(method.outputType).swiftName))
    }

    if emitted.contains(.server) {
      provider(name, methods, &code)
      code.line()
    }
    descriptors(name, fullName, methods, &code)
    if emitted.contains(.client) {
      code.line()
      ClientGenerator(service: self, name: name, fullName: fullName, methods: methods).generate(&code)
    }
  }

  /// What the .proto file says of the service.
  var documentation: [String] {
    Comments.documentation(comments[[6, Int32(index)]], isDeprecated: service.options?.deprecated)
  }

  /// What the .proto file says of a method.
  func documentation(of method: Method, at position: Int) -> [String] {
    Comments.documentation(
      comments[[6, Int32(index), 2, Int32(position)]], isDeprecated: method.descriptor.options?.deprecated)
  }

  private func provider(_ name: String, _ methods: [Method], _ code: inout CodeWriter) {
    let modifier = visibility.modifier
    code.documentation(documentation)
    code.block("\(modifier)protocol \(name)Provider: ServiceProvider") { code in
      for (method, position) in zip(methods, methods.indices) {
        if position > 0 { code.line() }
        code.documentation(documentation(of: method, at: position))
        code.line("func \(method.signature)")
      }
    }
    code.line()
    code.block("extension \(name)Provider") { code in
      code.line("\(modifier)static var serviceDescriptor: ServiceDescriptor { \(name)Methods.service }")
      code.line()
      code.block("\(modifier)var methodHandlers: [MethodHandler]") { code in
        code.line("[")
        for method in methods {
          code.line("  .\(method.kind)(\(name)Methods.\(method.name)) { \(method.call) },")
        }
        code.line("]")
      }
    }
  }

  private func descriptors(_ name: String, _ fullName: String, _ methods: [Method], _ code: inout CodeWriter) {
    let modifier = visibility.modifier
    code.line("/// The methods of \(fullName).")
    code.block("\(modifier)enum \(name)Methods") { code in
      code.line("\(modifier)static let service = ServiceDescriptor(")
      code.line("  name: \"\(fullName)\",")
      code.line("  methods: [\(methods.map(\.name).joined(separator: ", "))],")
      code.line("  file: .\(Names.descriptor(of: file.name ?? "")))")
      for method in methods {
        code.line()
        code.line("\(modifier)static let \(method.name) = MethodDescriptor(")
        let arguments = "service: \"\(fullName)\", name: \"\(method.descriptor.name ?? "")\", kind: .\(method.kind)"
        let options = method.options
        if options.isEmpty {
          code.line("  \(arguments))")
        } else {
          code.line("  \(arguments),")
          code.line("  options: .with {")
          for line in options { code.line("    " + line) }
          code.line("  })")
        }
      }
    }
  }
}
