import ProtoWire
import RPCCore

/// Methods as fields of the roots.
extension SchemaBuilder {
  mutating func add(_ method: MethodDescriptor, to roots: inout RootFields) throws(SchemaError) {
    let option: Rpcgraphql_V1_Operation?
    do throws(WireError) {
      option = try method.options.Rpcgraphql_V1_operation
    } catch {
      throw SchemaError("\(method): its option is malformed: \(error)")
    }
    guard let option else { return }
    guard let names = contract.methods[method.description], let input = contract.messages[names.input],
      let output = contract.messages[names.output]
    else { throw SchemaError("\(method): its types are not known") }
    switch option.kind {
    case .query(let name): roots.query.append(try field(name, method, option, input, output))
    case .mutation(let name): roots.mutation.append(try field(name, method, option, input, output))
    case .subscription(let name): roots.subscription.append(try field(name, method, option, input, output))
    case nil: throw SchemaError("\(method): its option names no operation")
    }
  }

  private mutating func field(
    _ name: String, _ method: MethodDescriptor, _ option: Rpcgraphql_V1_Operation, _ input: ContractMessage,
    _ output: ContractMessage
  ) throws(SchemaError) -> SchemaField {
    let isSubscription = if case .subscription = option.kind { true } else { false }
    guard method.kind == (isSubscription ? .serverStreaming : .unary) else {
      throw SchemaError("\(method): a subscription is a stream of responses, and other operations are unary")
    }
    guard Self.isName(name) else { throw SchemaError("\(method): \"\(name)\" is no name") }
    let connection = option.connection ? try pages(method, input, output) : nil
    var type: TypeReference
    var result: WireField?
    let isEmpty = output.fields.isEmpty
    if let connection {
      type = .named(try connectionType(output, connection))
    } else if isEmpty {
      type = .named("Boolean")
    } else if option.result.isEmpty {
      type = .named(try object(output.fullName))
    } else {
      guard let field = output.fields.first(where: { $0.name == option.result }) else {
        throw SchemaError("\(method): \(output.fullName) has no field \(option.result)")
      }
      let found = try self.output(field, in: output.fullName)
      // An error leaves a root field null, and the others as they are.
      type = found.type.nullable
      result = found.field
    }
    let mask = input.fields.first { $0.isMask && $0.name == "update_mask" }
    let change = mask == nil ? nil : input.fields.first { $0.isPlainMessage }
    var arguments: [SchemaInput] = []
    for field in input.fields where !field.isMask && !field.option.hidden && !field.isOutputOnly {
      if let connection, [connection.size, connection.token].contains(field.jsonName) { continue }
      arguments.append(try self.input(field, field.name == change?.name ? .patch : .input))
    }
    if connection != nil { arguments = Self.pageArguments + arguments }
    let patch = mask.flatMap { mask in
      change.map { MethodBinding.Patch(argument: $0.jsonName, mask: mask.jsonName, fields: changes($0.typeName)) }
    }
    let binding = MethodBinding(
      method: method, input: input.fullName, result: result, isEmpty: isEmpty, isCredential: option.credential,
      connection: connection, patch: patch)
    return SchemaField(
      name, type, description: description("\(method.service).\(method.name)"), arguments: arguments,
      isDeprecated: method.options.deprecated ?? false, source: .call(binding))
  }

  static func isName(_ text: String) -> Bool {
    !text.hasPrefix("__") && text.utf8.first?.isNameStart == true
      && text.utf8.allSatisfy { $0.isNameStart || $0.isDigit }
  }

  // MARK: Pages

  private static let pageArguments = [
    SchemaInput(
      "first", .named("Int"), description: "The most nodes to return. The service has a default and a limit."),
    SchemaInput("after", .named("String"), description: "A cursor: what comes behind it is returned."),
  ]

  private func pages(
    _ method: MethodDescriptor, _ input: ContractMessage, _ output: ContractMessage
  ) throws(SchemaError) -> MethodBinding.Connection {
    let items = output.fields.filter { $0.isRepeated && !$0.isMap && $0.kind == .message }
    guard let size = input.fields.first(where: { $0.name == "page_size" && $0.kind == .int32 }),
      let token = input.fields.first(where: { $0.name == "page_token" && $0.kind == .string }),
      let next = output.fields.first(where: { $0.name == "next_page_token" && $0.kind == .string }),
      items.count == 1, let nodes = items.first
    else {
      throw SchemaError(
        "\(method): a connection needs page_size, page_token, next_page_token and one repeated message")
    }
    return .init(
      size: size.jsonName, token: token.jsonName, items: WireField(nodes, .message, in: output.fullName),
      nextToken: WireField(next, .string, in: output.fullName))
  }

  private mutating func connectionType(
    _ output: ContractMessage, _ connection: MethodBinding.Connection
  ) throws(SchemaError) -> String {
    guard let items = output.fields.first(where: { $0.jsonName == connection.items.jsonName }) else {
      throw SchemaError("\(output.fullName) has no items")
    }
    let node = try object(items.typeName)
    // `ListUsersResponse` is `UsersConnection` to Relay.
    let name = node + "Connection"
    let edge = node + "Edge"
    let shareable = SchemaType.Federation.shareable
    try define("PageInfo", of: "pages") { (_) throws(SchemaError) in
      SchemaType(
        .object, "PageInfo", description: "Where a page of a connection is.",
        fields: [
          SchemaField(
            "hasNextPage", .required("Boolean"), description: "Whether more follows behind the page.",
            source: .page(.hasNextPage)),
          SchemaField(
            "hasPreviousPage", .required("Boolean"), description: "Whether something is before the page.",
            source: .page(.hasPreviousPage)),
          SchemaField("startCursor", .named("String"), description: "Of the first edge.", source: .page(.startCursor)),
          SchemaField(
            "endCursor", .named("String"), description: "Of the last edge: `after` of the next page.",
            source: .page(.endCursor)),
        ], federation: shareable)
    }
    try define(edge, of: "edges of \(output.fullName)") { (_) throws(SchemaError) in
      SchemaType(
        .object, edge, description: "A node, and where it is in the list.",
        fields: [
          SchemaField(
            "cursor", .required("String"), description: "Opaque: `after` of a query that continues here.",
            source: .page(.cursor)),
          SchemaField("node", .required(node), source: .page(.node)),
        ])
    }
    try define(name, of: "pages of \(output.fullName)") { (builder) throws(SchemaError) in
      var fields = [
        SchemaField("edges", .nonNull(.list(.required(edge))), source: .page(.edges)),
        SchemaField(
          "nodes", .nonNull(.list(.required(node))), description: builder.description(items.fullName),
          source: .page(.nodes)),
        SchemaField("pageInfo", .required("PageInfo"), source: .page(.pageInfo)),
      ]
      for field in output.fields
      where field.number != items.number && field.name != "next_page_token" && !field.option.hidden {
        fields.append(try builder.schemaField(field, in: output.fullName))
      }
      return SchemaType(.object, name, description: builder.description(output.fullName), fields: fields)
    }
    return name
  }
}

extension SchemaType.Federation {
  fileprivate static let shareable: Self = {
    var federation = Self()
    federation.isShareable = true
    return federation
  }()
}
