/// What a request may cost. Each limit stops the work where it is met: a hostile document never costs more than the
/// limits say, whatever it would have come to.
public struct GraphQLLimits: Sendable, Hashable {
  /// The most bytes of a request's body: document and variables. More is answered 413.
  public var size = 262_144
  /// The most bytes of a document.
  public var documentSize = 65_536
  /// Of the text of a document.
  public var syntax = SyntaxLimits()
  /// How often the rules may compare two parts of a document. They take the square of the fields that have one name in
  /// the response; documents that people and tools write need a few hundred.
  public var comparisons = 10_000
  /// What an operation may cost: 10 for a call, 1 for each field of an answer. A field inside a list counts as often as
  /// the list has items: `first` of a connection (50 without it), 10 elsewhere.
  public var cost = 10_000
  /// How deep an operation may be nested, its fragments put in.
  public var depth = 32
  /// How many objects an answer of introspection may have. A tool that reads the whole schema needs about as many as
  /// the schema has fields and arguments, twice.
  public var introspection = 20_000

  /// The defaults that the properties show.
  public init() {}
}
