import ProtoWire
import RPCCore

/// How a method is reached by HTTP: a rule of `google.api.http`, checked against the types that it is about.
struct HTTPBinding: Sendable {
  enum Body: Sendable {
    case none
    /// All fields that are not in the path.
    case whole
    case field(FieldType)
  }

  let descriptor: MethodDescriptor
  /// GET, POST and so on; `*` for any.
  let method: String
  let path: String
  let template: PathTemplate
  let input: MessageType
  let output: MessageType
  /// For each variable of the template, the path of fields to the one that it sets.
  let variables: [[FieldType]]
  let body: Body
  let responseBody: FieldType?
  /// The FieldMask that a PATCH fills from its body; nil where there is none.
  let mask: FieldType?
  /// What `if-match` is about: the fields that lead to the request's etag, or to that of the resource that it changes.
  let etag: [FieldType]
  /// The field number of the response's etag.
  let responseEtag: Int32?
  /// Where a repeated stream continues: the request field that `last-event-id` sets, and the number of the response
  /// field that is the `id` of an event.
  let resumeField: FieldType?
  let resumeToken: Int32?

  /// The rules of a method, the additional ones included; none without the option.
  static func all(of descriptor: MethodDescriptor, _ types: TypeIndex) throws(GatewayError) -> [HTTPBinding] {
    let rule: Google_Api_HttpRule?
    do throws(WireError) {
      rule = try descriptor.options.Google_Api_http
    } catch {
      throw GatewayError("\(descriptor): its rule is malformed: \(error)")
    }
    guard let rule else { return [] }
    var bindings: [HTTPBinding] = []
    for rule in [rule] + rule.additionalBindings {
      do throws(GatewayError) {
        bindings.append(try HTTPBinding(rule, descriptor, types))
      } catch {
        throw GatewayError("\(descriptor): \(error)")
      }
    }
    return bindings
  }

  private init(_ rule: Google_Api_HttpRule, _ descriptor: MethodDescriptor, _ types: TypeIndex) throws(GatewayError) {
    guard let names = types.methods[descriptor.description], let input = types.messages[names.input],
      let output = types.messages[names.output]
    else { throw GatewayError("its types are not known") }
    switch rule.pattern {
    case .get(let path): (method, self.path) = ("GET", path)
    case .put(let path): (method, self.path) = ("PUT", path)
    case .post(let path): (method, self.path) = ("POST", path)
    case .delete(let path): (method, self.path) = ("DELETE", path)
    case .patch(let path): (method, self.path) = ("PATCH", path)
    case .custom(let custom): (method, self.path) = (custom.kind, custom.path)
    case nil: throw GatewayError("its rule has no path")
    }
    self.descriptor = descriptor
    self.input = input
    self.output = output
    template = try PathTemplate(self.path)
    var variables: [[FieldType]] = []
    for variable in template.variables {
      let name = variable.field.joined(separator: ".")
      guard let fields = types.resolve(variable.field, in: input.fullName), let last = fields.last else {
        throw GatewayError("\(input.fullName) has no field \(name)")
      }
      guard !last.isRepeated, last.kind != .message || WellKnown(last.typeName) != nil else {
        throw GatewayError("\(name) can't be in a path: it is no single value")
      }
      variables.append(fields)
    }
    self.variables = variables
    body = try Self.body(rule.body, input)
    if rule.responseBody.isEmpty {
      responseBody = nil
    } else {
      guard let field = output.field(rule.responseBody) else {
        throw GatewayError("\(output.fullName) has no field \(rule.responseBody)")
      }
      responseBody = field
    }
    var container = input
    var prefix: [FieldType] = []
    if case .field(let field) = body, field.isPlainMessage, let message = types.messages[field.typeName] {
      container = message
      prefix = [field]
    }
    let isPatch = method == "PATCH" && !prefix.isEmpty
    mask = isPatch ? input.fields.first { $0.typeName == "google.protobuf.FieldMask" && !$0.isRepeated } : nil
    if let own = Self.text("etag", input) {
      etag = [own]
    } else if method == "PATCH" || method == "PUT", let nested = Self.text("etag", container) {
      etag = prefix + [nested]
    } else {
      etag = []
    }
    responseEtag = Self.text("etag", output)?.number
    resumeField = Self.text("resume_token", input)
    resumeToken = Self.text("resume_token", output)?.number
  }

  private static func body(_ name: String, _ input: MessageType) throws(GatewayError) -> Body {
    switch name {
    case "": return .none
    case "*": return .whole
    default:
      guard let field = input.field(name) else { throw GatewayError("\(input.fullName) has no field \(name)") }
      return .field(field)
    }
  }

  private static func text(_ name: String, _ message: MessageType) -> FieldType? {
    message.field(name).flatMap { $0.kind == .string && !$0.isRepeated ? $0 : nil }
  }

  /// The fields that are in the path, with dots between them.
  var pathFields: Set<String> { Set(template.variables.map { $0.field.joined(separator: ".") }) }

  /// Whether a field may be given as a query parameter: those of path and body may not.
  func takesParameter(_ path: [FieldType]) -> Bool {
    let name = path.map(\.name).joined(separator: ".")
    guard !pathFields.contains(name) else { return false }
    switch body {
    case .none: return true
    case .whole: return false
    case .field(let field): return path.first?.number != field.number
    }
  }
}
