/// Checks a document against a schema, by the 26 rules of the specification. What it costs is linear in the document,
/// but for what the budget counts: comparing fields, and following fragments.
/// https://spec.graphql.org/October2021/#sec-Validation
package struct DocumentValidator {
  typealias Document = ExecutableDocument

  let document: Document
  let schema: Schema
  let walk: DocumentWalk
  /// Of a name that several have, the last.
  let fragments: [String: Document.Fragment]
  let fragmentIndices: [String: Int]
  private(set) var errors: [ValidationError] = []
  /// How many comparisons are left.
  private(set) var budget: Int

  private static let errorLimit = 50

  private init(_ document: Document, _ schema: Schema, comparisons: Int) {
    self.document = document
    self.schema = schema
    walk = DocumentWalk(document, schema)
    fragments = Dictionary(document.fragments.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
    fragmentIndices = Dictionary(
      document.fragments.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { $1 })
    budget = comparisons
  }

  /// - Parameter comparisons: how many the rules may make that compare parts of the document with each other.
  /// - Returns: what is wrong, and how many comparisons were made.
  package static func validate(
    _ document: ExecutableDocument, _ schema: Schema, comparisons: Int = 10_000
  ) -> (errors: [ValidationError], comparisons: Int) {
    var validator = DocumentValidator(document, schema, comparisons: comparisons)
    validator.checkOperations()
    validator.checkFragments()
    validator.checkFields()
    validator.checkDirectives()
    validator.checkArguments()
    validator.checkValues()
    validator.checkVariables()
    validator.checkOverlaps()
    return (validator.errors, comparisons - max(validator.budget, 0))
  }

  mutating func report(_ rule: ValidationError.Rule, _ message: String, _ offset: Int) {
    guard errors.count < Self.errorLimit else { return }
    errors.append(.init(rule: rule, message: message, offset: offset))
  }

  /// Counts a comparison.
  /// - Returns: false once there are too many; the document is refused then.
  mutating func spend(_ count: Int = 1) -> Bool {
    guard budget >= 0 else { return false }
    budget -= count
    guard budget < 0 else { return true }
    // In front of all others, and whatever their number.
    errors.insert(
      .init(rule: .budget, message: "the document is too complex: it needs too many comparisons to check", offset: 0),
      at: 0)
    return false
  }

  /// Reports what occurs twice.
  mutating func checkUnique(
    _ names: [(name: String, offset: Int)], _ rule: ValidationError.Rule, _ kind: String
  ) {
    var seen: Set<String> = []
    for (name, offset) in names where !seen.insert(name).inserted {
      report(rule, "there are two \(kind) of the name \(name)", offset)
    }
  }
}
