/// A document that was read and found valid: what does not depend on variables, kept for later requests.
final class PreparedDocument: Sendable {
  let text: [UInt8]
  let document: ExecutableDocument
  let fragments: [String: ExecutableDocument.Fragment]

  /// - Throws: `GraphQLRefusal` with all that is wrong with it.
  init(_ text: [UInt8], _ schema: Schema, _ limits: GraphQLLimits) throws(GraphQLRefusal) {
    self.text = text
    do throws(SyntaxError) {
      document = try ExecutableDocument(parsing: text, limits: limits.syntax)
    } catch {
      throw GraphQLRefusal([GraphQLError(error)], text)
    }
    fragments = Dictionary(document.fragments.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    let errors = DocumentValidator.validate(document, schema, comparisons: limits.comparisons).errors
    guard errors.isEmpty else {
      let found = errors.map { error in
        GraphQLError(
          error.rule == .budget ? .limit : .validationFailed, error.message.capitalizedFirst + ".",
          offset: error.offset)
      }
      throw GraphQLRefusal(found, text)
    }
  }

  /// - Throws: if the document has several operations, and no name or a wrong one chooses between them.
  func operation(_ name: String?) throws(GraphQLRefusal) -> ExecutableDocument.Operation {
    guard let name else {
      guard let first = document.operations.first, document.operations.count == 1 else {
        let message =
          document.operations.isEmpty
          ? "The document has no operation." : "The document has several operations: operationName must name one."
        throw GraphQLRefusal([GraphQLError(.operationUnknown, message)], text)
      }
      return first
    }
    guard let found = document.operations.first(where: { $0.name == name }) else {
      throw GraphQLRefusal([GraphQLError(.operationUnknown, "There is no operation of this operationName.")], text)
    }
    return found
  }
}

/// Why a request is not executed.
struct GraphQLRefusal: Error, Sendable {
  let errors: [GraphQLError]
  /// The document.
  let text: [UInt8]

  init(_ errors: [GraphQLError], _ text: [UInt8]) {
    self.errors = errors
    self.text = text
  }
}

extension String {
  fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
