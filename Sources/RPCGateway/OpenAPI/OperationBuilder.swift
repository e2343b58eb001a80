import ProtoWire
import RPCCore
import RPCServer

/// Makes the description of one method at one path.
struct OperationBuilder {
  /// Nested messages are parameters with dots in their names, down to here.
  private static let parameterDepth = 3

  let binding: HTTPBinding
  /// Which of the method's bindings this is, counted from 1.
  let number: Int
  let path: DocumentPath
  /// The names of the path's parameters, which all operations of the path share.
  let names: [String]
  let comments: ProtoComments
  /// Nil where nothing is said of it.
  let access: OpenAPIDocument.Access?

  private var method: MethodDescriptor { binding.descriptor }

  func operation(_ schemas: inout SchemaSet) -> JSONValue {
    let comment = comments["\(method.service).\(method.name)"] ?? ""
    let id = "\(DocumentBuilder.tag(method.service))_\(method.name)"
    let parameters = pathParameters(&schemas) + queryParameters(&schemas) + headerParameters
    return .object([
      "operationId": .string(number == 1 ? id : "\(id)_\(number)"),
      "tags": [.string(DocumentBuilder.tag(method.service))],
      "summary": comment.isEmpty ? nil : .string(Self.summary(comment)),
      "description": comment.isEmpty ? nil : .string(comment),
      "deprecated": schemas.types.methods[method.description]?.isDeprecated ?? false ? true : nil,
      "parameters": parameters.isEmpty ? nil : .array(parameters),
      "requestBody": requestBody(&schemas),
      "responses": responses(comment, &schemas),
      "security": security,
    ])
  }

  /// The first sentence, without its point.
  private static func summary(_ comment: String) -> String {
    var words: [Substring] = []
    for word in comment.split(whereSeparator: { $0 == " " || $0 == "\n" }) {
      words.append(word)
      if word.last == "." || word.last == ":" { break }
    }
    let text = words.joined(separator: " ")
    return text.last == "." || text.last == ":" ? String(text.dropLast()) : text
  }

  private var security: JSONValue? {
    switch access {
    case nil: nil
    case .everybody: .array([])
    case .bearer(let scopes) where scopes.isEmpty: [.object(["bearer": .array([])])]
    // One of them is enough.
    case .bearer(let scopes): .array(scopes.map { .object(["bearer": [.string($0)]]) })
    }
  }

  // MARK: Parameters

  private func pathParameters(_ schemas: inout SchemaSet) -> [JSONValue] {
    var parameters: [JSONValue] = []
    for (name, field) in zip(names, path.fields) {
      var schema = JSONValue.object(["type": "string"])
      if let field { schema = schemas.field(field, .input) }
      // An empty segment matches nothing.
      if schema["type"] == "string", schema["pattern"] == nil, schema["minLength"] == nil {
        schema = schema.with(["minLength": 1])
      }
      parameters.append(
        .object([
          "name": .string(name), "in": "path", "required": true, "description": schema["description"],
          "schema": schema.without("description"),
        ]))
    }
    return parameters
  }

  private func queryParameters(_ schemas: inout SchemaSet) -> [JSONValue] {
    var parameters: [JSONValue] = []
    addParameters(of: binding.input, behind: [], to: &parameters, &schemas)
    return parameters
  }

  private func addParameters(
    of message: MessageType, behind prefix: [FieldType], to parameters: inout [JSONValue], _ schemas: inout SchemaSet
  ) {
    for field in message.fields {
      let path = prefix + [field]
      guard binding.takesParameter(path), !field.isOutputOnly else { continue }
      if field.isPlainMessage {
        guard path.count < Self.parameterDepth, let nested = schemas.types.messages[field.typeName],
          !prefix.contains(where: { $0.typeName == field.typeName })
        else { continue }
        addParameters(of: nested, behind: path, to: &parameters, &schemas)
        continue
      }
      guard Self.isParameter(field, schemas.types) else { continue }
      let schema = schemas.field(field, .input)
      parameters.append(
        .object([
          "name": .string(path.map(\.jsonName).joined(separator: ".")), "in": "query",
          "description": schema["description"], "required": field.isRequired && prefix.isEmpty ? true : nil,
          "deprecated": schema["deprecated"],
          // labels[team]=x
          "style": field.isMap ? "deepObject" : nil, "explode": field.isMap ? true : nil,
          "schema": schema.without("description").without("deprecated"),
        ]))
    }
  }

  private static func isParameter(_ field: FieldType, _ types: TypeIndex) -> Bool {
    if field.isMap { return types.messages[field.typeName]?.field("value").map { isParameter($0, types) } ?? false }
    guard field.kind == .message || field.kind == .group else { return true }
    switch WellKnown(field.typeName) {
    case .timestamp, .duration, .fieldMask, .wrapper: return true
    default: return false
    }
  }

  private var headerParameters: [JSONValue] {
    func header(_ name: String, _ description: String, _ pattern: String) -> JSONValue {
      .object([
        "name": .string(name), "in": "header", "description": .string(description),
        "schema": .object(["type": "string", "pattern": .string(pattern)]),
      ])
    }
    var parameters: [JSONValue] = []
    if !binding.etag.isEmpty {
      parameters.append(
        header("If-Match", "The call fails with 412 if the etag is another by now.", #"^(\*|"[!#-~]+")$"#))
    }
    if binding.method == "GET", binding.responseEtag != nil, method.kind == .unary {
      parameters.append(header("If-None-Match", "The etag that the client knows.", #"^(\*|(W/)?"[!#-~]+")$"#))
    }
    if binding.method == "GET", binding.resumeField != nil {
      parameters.append(header("Last-Event-ID", "Goes on behind this event.", "^[!-~]*$"))
    }
    return parameters
  }

  // MARK: Bodies

  private func requestBody(_ schemas: inout SchemaSet) -> JSONValue? {
    let schema: JSONValue
    var example: JSONValue?
    var isRequired = false
    switch binding.body {
    case .none: return nil
    case .whole:
      let fields = Set(binding.template.variables.filter { $0.field.count == 1 }.compactMap(\.field.first))
      let object = schemas.object(binding.input, .input, without: fields)
      schema = object.without("description")
      isRequired = object["required"] != nil
      example = .example(of: object, binding.input)
    case .field(let field):
      isRequired = field.isRequired
      let use = field.isPlainMessage && binding.method == "PATCH" ? SchemaSet.Use.patch : .input
      guard field.isPlainMessage, let message = schemas.types.messages[field.typeName] else {
        schema = schemas.field(field, use)
        break
      }
      schema = schemas.message(field.typeName, use)
      example = .example(of: schemas.object(message, use), message)
    }
    guard method.kind.hasSingleRequest else {
      return .object(["content": .object(["application/x-ndjson": Self.lines(of: binding.input, &schemas, .input)])])
    }
    return .object([
      "content": .object(["application/json": .object(["schema": schema, "example": example])]),
      "required": isRequired ? true : nil,
    ])
  }

  /// OpenAPI 3.1 has no schema for the items of a stream, so theirs stands beside the schema of the text.
  private static func lines(of message: MessageType, _ schemas: inout SchemaSet, _ use: SchemaSet.Use) -> JSONValue {
    .object([
      "schema": .object(["type": "string", "description": "A line of JSON for each message."]),
      "x-itemSchema": schemas.message(message.fullName, use),
    ])
  }

  private func responses(_ comment: String, _ schemas: inout SchemaSet) -> JSONValue {
    let content: JSONValue
    if method.kind.hasSingleResponse {
      let schema = binding.responseBody.map { schemas.field($0, .output).without("description") }
      content = .object([
        "application/json": .object(["schema": schema ?? schemas.message(binding.output.fullName, .output)])
      ])
    } else {
      let lines = Self.lines(of: binding.output, &schemas, .output)
      content = .object(["application/x-ndjson": lines, "text/event-stream": lines])
    }
    var members: [JSONValue.Member] = [
      .init(
        name: "200", value: .object(["description": "The call succeeded.", "headers": headers, "content": content]))
    ]
    if headers != nil, binding.method == "GET" {
      members.append(.init(name: "304", value: .object(["description": "The client knows the response already."])))
    }
    var errors = ErrorResponses(comment, isGuarded: access != nil && access != .everybody)
    if !binding.etag.isEmpty { errors.add(412, "ABORTED: the etag is another than `If-Match` says.") }
    members += errors.responses
    members.append(.init(name: "default", value: ErrorResponses.response("Any other error.")))
    return .object(members)
  }

  private var headers: JSONValue? {
    guard binding.responseEtag != nil, method.kind.hasSingleResponse, binding.responseBody == nil else { return nil }
    return .object([
      "ETag": .object([
        "description": "The etag of the response, for `If-Match`.", "schema": .object(["type": "string"]),
      ])
    ])
  }
}

extension JSONValue {
  /// The object without a member.
  func without(_ name: String) -> JSONValue {
    guard case .object(let members) = self else { return self }
    return .object(members.filter { $0.name != name })
  }
}
