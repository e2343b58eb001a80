import RPCCore

/// An error of a response. https://spec.graphql.org/October2021/#sec-Errors
struct GraphQLError: Error, Sendable {
  /// What kind it is, for programs: `extensions.code`.
  enum Code: String, Sendable {
    case parseFailed = "GRAPHQL_PARSE_FAILED"
    case validationFailed = "GRAPHQL_VALIDATION_FAILED"
    case badInput = "BAD_USER_INPUT"
    case operationUnknown = "OPERATION_RESOLUTION_FAILURE"
    case limit = "LIMIT_EXCEEDED"
    case `internal` = "INTERNAL"
  }

  enum Step: Sendable, Hashable {
    case key(String)
    case index(Int)
  }

  let message: String
  /// Byte offset in the document; nil if it is about no part of it.
  var offset: Int?
  /// Of a syntax error, whose document has no offsets.
  var place: (line: Int, column: Int)?
  /// From the root of the response; nil for an error of the request.
  var path: [Step]?
  let code: String
  /// Of a call.
  let cause: RPCError?

  init(_ code: Code, _ message: String, offset: Int? = nil, path: [Step]? = nil) {
    self.code = code.rawValue
    self.message = message
    self.offset = offset
    self.path = path
    cause = nil
  }

  init(_ error: RPCError, offset: Int, path: [Step]) {
    code = "\(error.code)"
    message = error.message
    self.offset = offset
    self.path = path
    cause = error
  }

  init(_ error: SyntaxError) {
    self.init(.parseFailed, error.description)
    place = (error.line, error.column)
  }

  /// - Parameter text: the document.
  func append(to output: inout [UInt8], _ text: [UInt8]) {
    output.append(ascii: "{\"message\":")
    JSONText.append(string: message, to: &output)
    if let place = place
      ?? offset.map({ offset in
        let error = SyntaxError("", at: offset, in: text)
        return (error.line, error.column)
      })
    {
      output.append(contentsOf: ",\"locations\":[{\"line\":\(place.line),\"column\":\(place.column)}]".utf8)
    }
    if let path {
      output.append(ascii: ",\"path\":[")
      for (index, step) in path.enumerated() {
        if index > 0 { output.append(UInt8(ascii: ",")) }
        switch step {
        case .key(let name): JSONText.append(string: name, to: &output)
        case .index(let number): output.append(contentsOf: "\(number)".utf8)
        }
      }
      output.append(UInt8(ascii: "]"))
    }
    output.append(ascii: ",\"extensions\":")
    extensions.append(to: &output)
    output.append(UInt8(ascii: "}"))
  }

  /// The code, and what the details of a status say.
  private var extensions: InputValue {
    var members = [InputValue.Member(name: "code", value: .string(code))]
    guard let details = cause?.details else { return .object(members) }
    if let info = details.errorInfo {
      members.append(.init(name: "reason", value: .string(info.reason)))
      members.append(.init(name: "domain", value: .string(info.domain)))
      if !info.metadata.isEmpty {
        let metadata = info.metadata.sorted { $0.key < $1.key }
        members.append(
          .init(name: "metadata", value: .object(metadata.map { .init(name: $0.key, value: .string($0.value)) })))
      }
    }
    if let violations = details.badRequest?.fieldViolations, !violations.isEmpty {
      let list = violations.map { violation in
        InputValue.object([
          .init(name: "field", value: .string(violation.field)),
          .init(name: "description", value: .string(violation.description)),
        ])
      }
      members.append(.init(name: "fieldViolations", value: .list(list)))
    }
    if let delay = details.retryDelay {
      let milliseconds = delay.components.seconds * 1000 + delay.components.attoseconds / 1_000_000_000_000_000
      members.append(.init(name: "retryAfterMilliseconds", value: .number("\(milliseconds)")))
    }
    return .object(members)
  }
}
