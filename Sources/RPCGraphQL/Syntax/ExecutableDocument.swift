/// A document of GraphQL that can be executed: operations and fragments.
/// https://spec.graphql.org/October2021/#sec-Document
public struct ExecutableDocument: Sendable, Hashable {
  /// In the order of the document.
  public var operations: [Operation] = []
  /// In the order of the document.
  public var fragments: [Fragment] = []

  /// No definitions.
  public init() {}

  /// An operation.
  public struct Operation: Sendable, Hashable {
    /// What it does.
    public enum Kind: String, Sendable, Hashable {
      case query, mutation, subscription
    }

    /// What it does; `query` if the keyword is left out.
    public let kind: Kind
    /// Nil if it is anonymous.
    public let name: String?
    /// The variables that a request may set.
    public let variables: [Variable]
    /// Directives of the operation.
    public let directives: [Directive]
    /// The selection set; not empty.
    public let selections: [Selection]
    /// Its byte offset in the document.
    public let offset: Int
  }

  /// A fragment that has a name.
  public struct Fragment: Sendable, Hashable {
    /// Never "on".
    public let name: String
    /// The type condition.
    public let type: String
    /// Directives of the fragment.
    public let directives: [Directive]
    /// The selection set; not empty.
    public let selections: [Selection]
    /// Its byte offset in the document.
    public let offset: Int
  }

  /// A variable of an operation.
  public struct Variable: Sendable, Hashable {
    /// Without the dollar sign.
    public let name: String
    /// Its type.
    public let type: TypeReference
    /// The value if the request gives none.
    public let defaultValue: Value?
    /// Directives of the variable.
    public let directives: [Directive]
    /// Its byte offset in the document.
    public let offset: Int
  }

  /// A type, as a variable names it.
  public indirect enum TypeReference: Sendable, Hashable {
    case named(String)
    case list(TypeReference)
    case nonNull(TypeReference)
  }

  /// A part of a selection set.
  public indirect enum Selection: Sendable, Hashable {
    case field(Field)
    /// `...Name`
    case spread(name: String, directives: [Directive], offset: Int)
    /// `... on Type {}`; without a type condition, the type around it applies.
    case inline(type: String?, directives: [Directive], selections: [Selection], offset: Int)
  }

  /// A field of a selection set.
  public struct Field: Sendable, Hashable {
    /// The name of its value in the response, if it is another.
    public let alias: String?
    /// Its name.
    public let name: String
    /// In the order of the document.
    public let arguments: [Argument]
    /// Directives of the field.
    public let directives: [Directive]
    /// Empty if the field has no selection set.
    public let selections: [Selection]
    /// Its byte offset in the document.
    public let offset: Int
  }

  /// An argument of a field or a directive, or a field of an object.
  public struct Argument: Sendable, Hashable {
    /// Its name.
    public let name: String
    /// Its value.
    public let value: Value
    /// Its byte offset in the document.
    public let offset: Int
  }

  /// A directive.
  public struct Directive: Sendable, Hashable {
    /// Without the at sign.
    public let name: String
    /// In the order of the document.
    public let arguments: [Argument]
    /// Its byte offset in the document.
    public let offset: Int
  }

  /// A value.
  public indirect enum Value: Sendable, Hashable {
    /// Without the dollar sign.
    case variable(String)
    /// As it is written, of any size.
    case int(String)
    /// As it is written.
    case float(String)
    case string(String)
    case boolean(Bool)
    case null
    case enumValue(String)
    case list([Value])
    case object([Argument])
  }
}
