/// Writes the client of a service: a struct over a channel, and the protocol that it conforms to, for those who put
/// something else in its place.
struct ClientGenerator {
  let service: ServiceGenerator
  let name: String
  let fullName: String
  let methods: [ServiceGenerator.Method]

  func generate(_ code: inout CodeWriter) {
    let modifier = service.visibility.modifier
    code.line("/// Calls \(fullName), or stands for something that does: in tests, say.")
    code.line("///")
    code.line("/// A failed call throws an `RPCError`; of a stream, when it is read or written.")
    code.block("\(modifier)protocol \(name)ClientProtocol: Sendable") { code in
      for (method, position) in zip(methods, methods.indices) {
        if position > 0 { code.line() }
        code.documentation(service.documentation(of: method, at: position))
        code.line("func \(method.clientSignature(options: "options: CallOptions"))")
      }
    }
    if !methods.isEmpty {
      code.line()
      code.line("/// Calls with the channel's defaults.")
      code.block("extension \(name)ClientProtocol") { code in
        for (method, position) in zip(methods, methods.indices) {
          if position > 0 { code.line() }
          code.documentation(service.documentation(of: method, at: position))
          code.block("\(modifier)func \(method.clientSignature(options: nil))") { code in
            code.line(method.clientCallWithDefaults)
          }
        }
      }
    }
    code.line()
    let comment = service.documentation
    code.documentation(comment.isEmpty ? ["A client of \(fullName)."] : comment)
    code.block("\(modifier)struct \(name)Client: \(name)ClientProtocol") { code in
      code.line("/// Where its calls go.")
      code.line("\(modifier)let channel: any ClientChannel")
      code.line()
      code.line("/// A client of the service behind a channel.")
      code.line("\(modifier)init(_ channel: any ClientChannel) { self.channel = channel }")
      for method in methods {
        code.line()
        code.block("\(modifier)func \(method.clientSignature(options: "options: CallOptions"))") { code in
          code.line(method.clientCall("\(name)Methods"))
        }
      }
    }
  }
}

extension ServiceGenerator.Method {
  /// Declaration in a client, without `func`.
  fileprivate func clientSignature(options: String?) -> String {
    let parameters = [takesOneRequest ? "_ request: \(input)" : nil, options].compactMap { $0 }.joined(separator: ", ")
    return switch kind {
    case "unary": "\(name)(\(parameters)) async throws -> \(output)"
    case "clientStreaming": "\(name)(\(parameters)) -> ClientStreamingCall<\(input), \(output)>"
    case "serverStreaming": "\(name)(\(parameters)) -> ResponseStream<\(output)>"
    default: "\(name)(\(parameters)) -> BidirectionalCall<\(input), \(output)>"
    }
  }

  private var takesOneRequest: Bool { kind == "unary" || kind == "serverStreaming" }

  fileprivate var clientCallWithDefaults: String {
    let arguments = takesOneRequest ? "request, options: CallOptions()" : "options: CallOptions()"
    return (kind == "unary" ? "try await " : "") + "self.\(name)(\(arguments))"
  }

  fileprivate func clientCall(_ descriptors: String) -> String {
    let arguments = [takesOneRequest ? "request" : nil, "options"].compactMap { $0 }.joined(separator: ", ")
    return (kind == "unary" ? "try await " : "") + "channel.\(kind)(\(descriptors).\(name), \(arguments))"
  }
}
