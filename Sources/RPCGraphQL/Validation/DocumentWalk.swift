/// A document and the types of all its parts: read once, for all rules. Linear in the document.
struct DocumentWalk {
  typealias Document = ExecutableDocument

  /// A field and where it stands.
  struct FieldUse {
    let field: Document.Field
    let parent: SchemaType?
    let definition: SchemaField?
  }

  /// A selection set and the type that it selects from.
  struct SelectionSet {
    let selections: [Document.Selection]
    let parent: SchemaType?
  }

  /// A spread, or an inline fragment.
  struct FragmentUse {
    /// Nil of an inline fragment.
    let name: String?
    /// Nil without a type condition.
    let type: String?
    let parent: SchemaType?
    let offset: Int
  }

  struct DirectiveList {
    let directives: [Document.Directive]
    let location: String
  }

  /// The arguments of a field or a directive that is known.
  struct ArgumentList {
    let owner: String
    let arguments: [Document.Argument]
    /// Nil if the owner is not known.
    let definitions: [SchemaInput]?
    let offset: Int
  }

  /// A value that must have a type.
  struct ValueUse {
    let value: Document.Value
    let type: TypeReference
    let offset: Int
  }

  struct VariableUse {
    let name: String
    /// Nil if it is not known.
    let type: TypeReference?
    let hasDefault: Bool
    let offset: Int
  }

  /// What a definition refers to.
  struct References {
    var variables: [VariableUse] = []
    var spreads: [(name: String, offset: Int)] = []
  }

  let schema: Schema
  private(set) var fields: [FieldUse] = []
  private(set) var selectionSets: [SelectionSet] = []
  private(set) var fragments: [FragmentUse] = []
  private(set) var directives: [DirectiveList] = []
  private(set) var arguments: [ArgumentList] = []
  private(set) var values: [ValueUse] = []
  /// Objects among the values, for rules that need no types.
  private(set) var objects: [[Document.Argument]] = []
  /// Of each operation and each fragment, in the order of the document.
  private(set) var operationReferences: [References] = []
  private(set) var fragmentReferences: [References] = []
  private var current = References()

  init(_ document: Document, _ schema: Schema) {
    self.schema = schema
    for operation in document.operations {
      for variable in operation.variables {
        add(variable.directives, "VARIABLE_DEFINITION")
        if let value = variable.defaultValue {
          values.append(.init(value: value, type: variable.type, offset: variable.offset))
          look(into: value, variable.type, hasDefault: false, variable.offset)
        }
      }
      add(operation.directives, operation.kind.rawValue.uppercased())
      walk(operation.selections, schema.root(operation.kind))
      operationReferences.append(current)
      current = References()
    }
    for fragment in document.fragments {
      add(fragment.directives, "FRAGMENT_DEFINITION")
      walk(fragment.selections, composite(fragment.type))
      fragmentReferences.append(current)
      current = References()
    }
  }

  private func composite(_ name: String) -> SchemaType? {
    schema.types[name].flatMap { $0.isComposite ? $0 : nil }
  }

  private mutating func walk(_ selections: [Document.Selection], _ parent: SchemaType?) {
    selectionSets.append(.init(selections: selections, parent: parent))
    for selection in selections {
      switch selection {
      case .field(let field): walk(field, parent)
      case .spread(let name, let directives, let offset):
        add(directives, "FRAGMENT_SPREAD")
        fragments.append(.init(name: name, type: nil, parent: parent, offset: offset))
        current.spreads.append((name, offset))
      case .inline(let type, let directives, let inner, let offset):
        add(directives, "INLINE_FRAGMENT")
        fragments.append(.init(name: nil, type: type, parent: parent, offset: offset))
        walk(inner, type.map(composite) ?? parent)
      }
    }
  }

  private mutating func walk(_ field: Document.Field, _ parent: SchemaType?) {
    let definition = parent.flatMap { schema.field(field.name, of: $0) }
    fields.append(.init(field: field, parent: parent, definition: definition))
    add(field.arguments, of: "the field \(field.name)", definition?.arguments, field.offset)
    add(field.directives, "FIELD")
    if !field.selections.isEmpty { walk(field.selections, definition.flatMap { composite($0.type.name) }) }
  }

  private mutating func add(_ directives: [Document.Directive], _ location: String) {
    guard !directives.isEmpty else { return }
    self.directives.append(.init(directives: directives, location: location))
    for directive in directives {
      let definition = schema.directives.first { $0.name == directive.name }
      add(directive.arguments, of: "the directive @\(directive.name)", definition?.arguments, directive.offset)
    }
  }

  private mutating func add(
    _ list: [Document.Argument], of owner: String, _ definitions: [SchemaInput]?, _ offset: Int
  ) {
    if !list.isEmpty || definitions?.isEmpty == false {
      arguments.append(.init(owner: owner, arguments: list, definitions: definitions, offset: offset))
    }
    for argument in list {
      let definition = definitions?.first { $0.name == argument.name }
      if let definition {
        values.append(.init(value: argument.value, type: definition.type, offset: argument.offset))
      }
      look(into: argument.value, definition?.type, hasDefault: definition?.defaultValue != nil, argument.offset)
    }
  }

  /// Finds variables and objects.
  private mutating func look(into value: Document.Value, _ type: TypeReference?, hasDefault: Bool, _ offset: Int) {
    switch value {
    case .variable(let name):
      current.variables.append(.init(name: name, type: type, hasDefault: hasDefault, offset: offset))
    case .list(let values):
      // What stands in a list where none is expected is taken for the value itself.
      var inner = type?.nullable
      if case .list(let element) = inner { inner = element }
      for value in values { look(into: value, inner, hasDefault: false, offset) }
    case .object(let fields):
      objects.append(fields)
      let inputs = type.flatMap { schema.types[$0.name] }?.inputs
      for field in fields {
        let input = inputs?.first { $0.name == field.name }
        look(into: field.value, input?.type, hasDefault: input?.defaultValue != nil, field.offset)
      }
    default: break
    }
  }
}
