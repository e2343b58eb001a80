import ProtoWire
import RPCCore

/// A method as a field of Query, Mutation or Subscription.
final class MethodBinding: Sendable {
  let method: MethodDescriptor
  let path: [UInt8]
  let input: String
  /// The field of the response that is the result; nil for the response itself.
  let result: WireField?
  /// The response has no fields: the result is `true`.
  let isEmpty: Bool
  let isCredential: Bool
  /// The request has nothing but fields of these names; none of them is a message.
  let connection: Connection?
  let patch: Patch?

  /// How pages are asked for. https://google.aip.dev/158
  struct Connection: Sendable {
    let size: String
    let token: String
    let items: WireField
    let nextToken: WireField
  }

  /// The mask of the fields given. https://google.aip.dev/134
  struct Patch: Sendable {
    /// The argument whose fields are those to change.
    let argument: String
    /// The mask's name in JSON.
    let mask: String
    let fields: Fields

    /// The fields of a message that may be changed, by their names in JSON.
    final class Fields: Sendable {
      let names: [String: (name: String, nested: Fields?)]
      init(_ names: [String: (name: String, nested: Fields?)]) { self.names = names }
    }
  }

  init(
    method: MethodDescriptor, input: String, result: WireField?, isEmpty: Bool, isCredential: Bool,
    connection: Connection?, patch: Patch?
  ) {
    self.method = method
    path = Array(method.path.utf8)
    self.input = input
    self.result = result
    self.isEmpty = isEmpty
    self.isCredential = isCredential
    self.connection = connection
    self.patch = patch
  }

  /// The request as ProtoJSON. Arguments that are null are left out, but for fields to change: null clears those.
  func json(_ arguments: [InputValue.Member]) -> [UInt8] {
    var members = arguments.filter { $0.value != .null }
    if let patch, let change = members.first(where: { $0.name == patch.argument })?.value {
      let paths = Self.paths(change, patch.fields, prefix: "")
      members.append(.init(name: patch.mask, value: .string(paths.joined(separator: ","))))
    }
    var output: [UInt8] = []
    InputValue.object(members).append(to: &output)
    return output
  }

  /// As the JSON of a mask has them: with names of JSON.
  private static func paths(_ value: InputValue, _ fields: Patch.Fields, prefix: String) -> [String] {
    guard case .object(let members) = value else { return [] }
    return members.flatMap { member -> [String] in
      guard let field = fields.names[member.name] else { return [] }
      if let nested = field.nested, case .object = member.value {
        return paths(member.value, nested, prefix: "\(prefix)\(member.name).")
      }
      return [prefix + member.name]
    }
  }
}
