import ArgumentParser
import Glibc
import ProtoWire
import RPCCore
import UserAPI

/// What `call` sends: a method of the contract, and its request as wire bytes.
struct CallRequest: Sendable {
  let method: MethodDescriptor
  /// Any message: what is in it is in its unknown fields.
  let message: Google_Protobuf_Empty
  private let transcoder: JSONTranscoder
  private let outputType: String

  /// - Throws: `ValidationError` that says what is wrong with the arguments.
  init(method name: String, fields: [String], data: String?) throws {
    let methods = UserServiceMethods.service.methods
    guard let method = methods.first(where: { [$0.name, Self.dashed($0.name), $0.description].contains(name) }) else {
      let known = methods.map { Self.dashed($0.name) }.joined(separator: ", ")
      throw ValidationError("there is no method \(name); there are \(known).")
    }
    // The server streams are the only streams of the contract; a unary call is a stream of one.
    self.method = MethodDescriptor(service: method.service, name: method.name, kind: .serverStreaming)
    guard data == nil || fields.isEmpty else { throw ValidationError("give the request as fields or by --data.") }
    transcoder = JSONTranscoder(
      pool: try DescriptorPool(files: [.users_v1_users, .google_rpc_error_details, .google_rpc_status]))
    let types = try Self.types(of: method)
    outputType = types.output
    let json = try data.map { $0 == "-" ? Self.standardInput() : $0 } ?? Self.json(fields)
    do {
      message = try Google_Protobuf_Empty(
        wireBytes: transcoder.wire(fromJSON: Array(json.utf8), messageName: types.input))
    } catch {
      throw ValidationError("the request is no \(types.input): \(error)")
    }
  }

  func json(_ response: Google_Protobuf_Empty) throws -> String {
    String(decoding: try transcoder.json(fromWire: response.wireBytes(), messageName: outputType), as: UTF8.self)
  }

  /// A status for people: its code, its message, and its details as JSON.
  func describe(_ error: RPCError) -> String {
    guard !error.details.isEmpty, let details = try? error.status.json(transcoder) else { return error.description }
    return "\(error)\n\(details)"
  }

  /// `GetUser` is `get-user`.
  static func dashed(_ name: String) -> String {
    var dashed = ""
    for letter in name {
      if letter.isUppercase, !dashed.isEmpty { dashed += "-" }
      dashed += letter.lowercased()
    }
    return dashed
  }

  /// The names of the messages, from the contract itself.
  private static func types(of method: MethodDescriptor) throws -> (input: String, output: String) {
    let file = try Google_Protobuf_FileDescriptorProto(wireBytes: UserServiceMethods.service.file.serialized)
    let described = file.service.flatMap(\.method).first { $0.name == method.name }
    guard let input = described?.inputType, let output = described?.outputType else {
      throw ValidationError("the contract does not describe \(method.name).")
    }
    return (String(input.drop { $0 == "." }), String(output.drop { $0 == "." }))
  }

  // MARK: JSON

  /// An object of `name=value` and `outer.inner=value`. Values are text, unless they look like something else in JSON:
  /// true, false, null, an object, an array or a quoted text. ProtoJSON takes numbers as text.
  static func json(_ fields: [String]) throws -> String {
    let root = JSONObject()
    for field in fields {
      guard let equals = field.firstIndex(of: "="), equals != field.startIndex else {
        throw ValidationError("'\(field)' is not NAME=VALUE.")
      }
      let path = field[..<equals].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
      let value = String(field[field.index(after: equals)...])
      guard !path.contains(""), root.set(path[...], isJSON(value) ? value : quoted(value)) else {
        throw ValidationError("'\(field)' has a name that is none, or that another one has already.")
      }
    }
    return root.text
  }

  private static func isJSON(_ value: String) -> Bool {
    ["true", "false", "null"].contains(value) || value.first.map { "{[\"".contains($0) } == true
  }

  static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case _ where scalar.value < 0x20:
        let hex = String(scalar.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }

  private static func standardInput() -> String {
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = Glibc.read(STDIN_FILENO, &part, part.count)
      if count > 0 { bytes += part.prefix(count) } else if count == 0 || errno != EINTR { break }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// An object that is put together field by field.
private final class JSONObject {
  private enum Value {
    case text(String)
    case object(JSONObject)
  }

  private var fields: [(name: String, value: Value)] = []

  /// - Returns: false if the name has a value already.
  func set(_ path: ArraySlice<String>, _ value: String) -> Bool {
    guard let name = path.first else { return false }
    let existing = fields.first { $0.name == name }?.value
    if path.count == 1 {
      if existing != nil { return false }
      fields.append((name, .text(value)))
      return true
    }
    switch existing {
    case .text?: return false
    case .object(let inner)?: return inner.set(path.dropFirst(), value)
    case nil:
      let inner = JSONObject()
      fields.append((name, .object(inner)))
      return inner.set(path.dropFirst(), value)
    }
  }

  var text: String {
    let parts = fields.map { field in
      let value =
        switch field.value {
        case .text(let text): text
        case .object(let object): object.text
        }
      return "\(CallRequest.quoted(field.name)):\(value)"
    }
    return "{" + parts.joined(separator: ",") + "}"
  }
}
