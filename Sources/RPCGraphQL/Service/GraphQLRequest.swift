/// A request: a document, which of its operations, and variables.
/// https://graphql.github.io/graphql-over-http/draft/#sec-Request
struct GraphQLRequest {
  let query: [UInt8]
  let operationName: String?
  let variables: [InputValue.Member]

  /// Why there is none: a sentence.
  struct Malformed: Error {
    let message: String
    init(_ message: String) { self.message = message }
  }

  /// - Parameter body: JSON.
  init(body: [UInt8]) throws(Malformed) {
    guard let value = InputValue(json: body) else { throw Malformed("The body is not JSON.") }
    guard case .object = value else {
      throw Malformed("The body must be an object: several requests in one are not supported.")
    }
    try self.init(
      query: value["query"], operationName: value["operationName"], variables: value["variables"],
      extensions: value["extensions"])
  }

  /// - Parameter parameters: the query of a URL.
  init(parameters: QueryParameters) throws(Malformed) {
    func json(_ name: String) throws(Malformed) -> InputValue? {
      guard let text = parameters[name] else { return nil }
      guard let value = InputValue(json: Array(text.utf8)) else { throw Malformed("\(name) is not JSON.") }
      return value
    }
    try self.init(
      query: parameters["query"].map(InputValue.string),
      operationName: parameters["operationName"].map(InputValue.string),
      variables: try json("variables"), extensions: try json("extensions"))
  }

  private init(
    query: InputValue?, operationName: InputValue?, variables: InputValue?, extensions: InputValue?
  ) throws(Malformed) {
    guard case .string(let text) = query else {
      throw Malformed(query == nil || query == .null ? "query is missing." : "query must be a text.")
    }
    self.query = Array(text.utf8)
    switch operationName {
    case nil, .null: self.operationName = nil
    case .string(let name): self.operationName = name.isEmpty ? nil : name
    default: throw Malformed("operationName must be a text.")
    }
    switch variables {
    case nil, .null: self.variables = []
    case .object(let members): self.variables = members
    default: throw Malformed("variables must be an object.")
    }
    switch extensions {
    case nil, .null, .object: break
    default: throw Malformed("extensions must be an object.")
    }
  }
}
