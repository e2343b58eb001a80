internal import HTTP
import ProtoWire
import RPCCore

/// JSON of the messages of a server's methods, by the descriptors of its services.
struct MethodTranscoders: Sendable {
  private let byPath: [String: MethodTranscoder]

  init(_ services: [ServiceDescriptor]) {
    // Generated code contains the descriptors, so this does not fail. If it did, there would be no JSON.
    guard let pool = try? DescriptorPool(files: services.map(\.file)) else {
      byPath = [:]
      return
    }
    let transcoder = JSONTranscoder(pool: pool)
    var byPath: [String: MethodTranscoder] = [:]
    for service in services {
      guard let file = try? Google_Protobuf_FileDescriptorProto(wireBytes: service.file.serialized) else { continue }
      for declared in file.service where Self.name(declared.name, in: file) == service.name {
        for method in declared.method {
          byPath["/\(service.name)/\(method.name ?? "")"] = MethodTranscoder(
            transcoder: transcoder, requestName: String((method.inputType ?? "").dropFirst()),
            responseName: String((method.outputType ?? "").dropFirst()))
        }
      }
    }
    self.byPath = byPath
  }

  private static func name(_ service: String?, in file: Google_Protobuf_FileDescriptorProto) -> String {
    guard let package = file.package, !package.isEmpty else { return service ?? "" }
    return "\(package).\(service ?? "")"
  }

  /// That of the method with a path such as `/users.v1.UserService/GetUser`; nil if its descriptor is not known.
  subscript(path: String) -> MethodTranscoder? { byPath[path] }
}

/// JSON of the messages of a method.
struct MethodTranscoder: Sendable {
  let transcoder: JSONTranscoder
  let requestName: String
  let responseName: String

  /// - Throws: INVALID_ARGUMENT with line, column and path of what is wrong: a field that is not known, too.
  func request(fromJSON text: UnsafeRawBufferPointer) throws(RPCError) -> [UInt8] {
    do throws(JSONError) {
      return try transcoder.wire(fromJSON: text, messageName: requestName)
    } catch {
      let name = Self.unknownName(in: text, error).map { " (\($0))" } ?? ""
      throw RPCError(
        .invalidArgument, "the request is not JSON of \(requestName): \(PeerText.excerpt("\(error)"))\(name)")
    }
  }

  /// What no field or value is called so. The parser's errors have no input in them, but here it helps only the caller.
  private static func unknownName(in text: UnsafeRawBufferPointer, _ error: JSONError) -> String? {
    guard error.code == .unknownField, error.line > 0 else { return nil }
    var rest = text[...]
    for _ in 1..<error.line {
      guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
      rest = rest[(end + 1)...]
    }
    rest = rest.dropFirst(error.column - 1)
    guard rest.popFirst() == UInt8(ascii: "\"") else { return nil }
    return PeerText.excerpt(String(decoding: rest.prefix { $0 != UInt8(ascii: "\"") }, as: UTF8.self))
  }

  /// - Throws: INTERNAL: the response has what JSON can't express.
  func json(fromResponse message: UnsafeRawBufferPointer) throws(RPCError) -> [UInt8] {
    do throws(JSONError) {
      return try transcoder.json(fromWire: message, messageName: responseName)
    } catch {
      throw RPCError(.internal, "the response can't be written as JSON", cause: error)
    }
  }
}

extension OfferedRequest {
  /// JSON of the messages of the method that is called; nil if it is not known, or the server has no JSON.
  var transcoder: MethodTranscoder? {
    core.transcoders?[
      head.withPath { path in
        String(decoding: path.prefix { $0 != UInt8(ascii: "?") }, as: UTF8.self)
      }]
  }

  /// Whether a call can have messages as JSON. One of a method that nobody serves can: it has none.
  var takesJSON: Bool {
    core.transcoders != nil && (transcoder != nil || head.withPath { core.router.route($0) } == nil)
  }
}
