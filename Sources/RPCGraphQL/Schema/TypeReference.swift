package typealias TypeReference = ExecutableDocument.TypeReference

extension ExecutableDocument.TypeReference {
  /// The name inside of lists.
  var name: String {
    switch self {
    case .named(let name): name
    case .list(let inner), .nonNull(let inner): inner.name
    }
  }

  var isNonNull: Bool { if case .nonNull = self { true } else { false } }

  /// Without the `!` around it.
  var nullable: TypeReference { if case .nonNull(let inner) = self { inner } else { self } }

  /// `[User!]!`
  var text: String {
    switch self {
    case .named(let name): name
    case .list(let inner): "[\(inner.text)]"
    case .nonNull(let inner): "\(inner.text)!"
    }
  }

  /// `String!`
  package static func required(_ name: String) -> TypeReference { .nonNull(.named(name)) }
}
