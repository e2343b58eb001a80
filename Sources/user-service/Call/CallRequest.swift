import ArgumentParser
import Glibc
import ProtoWire
import RPCCore
import RPCDynamic
import UserAPI

/// What `call` sends: a method, and its requests.
struct CallRequest: Sendable {
  let method: DynamicMethod
  let messages: [DynamicMessage]

  /// - Parameters:
  ///   - fields: the one request, as `name=value`.
  ///   - data: the requests as JSON; `-` reads standard input.
  /// - Throws: `ValidationError` that says what is wrong with the arguments.
  init(_ method: DynamicMethod, fields: [String], data: String?) throws {
    self.method = method
    guard data == nil || fields.isEmpty else { throw ValidationError("give the request as fields or by --data.") }
    let text = try data.map { $0 == "-" ? Self.standardInput() : $0 } ?? CallFields.json(fields)
    do {
      messages = try JSONMessages.split(text).map { try method.request(json: Array($0.utf8)) }
    } catch {
      throw ValidationError("the request is no \(method.requestType): \(error)")
    }
    guard messages.count == 1 || !method.descriptor.kind.hasSingleRequest else {
      throw ValidationError("\(method.descriptor.name) takes one request, and the data has \(messages.count).")
    }
  }

  /// A method of the user service's own contract, by one of its names.
  static func ownMethod(_ name: String) throws -> DynamicMethod {
    let catalog = try MethodCatalog(of: [UserServiceMethods.service.file])
    let methods = catalog.methods(of: UserServiceMethods.service.name) ?? []
    let method = methods.first {
      [$0.descriptor.name, dashed($0.descriptor.name), $0.descriptor.description].contains(name)
    }
    guard let method else {
      let known = methods.map { dashed($0.descriptor.name) }.joined(separator: ", ")
      throw ValidationError("there is no method \(name); there are \(known).")
    }
    return method
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
