/// Rules of fields and their arguments.
extension DocumentValidator {
  mutating func checkFields() {
    for use in walk.fields {
      let field = use.field
      guard let parent = use.parent else { continue }
      guard let definition = use.definition else {
        report(.fieldsOnCorrectType, "\(parent.name) has no field \(field.name)", field.offset)
        continue
      }
      guard let type = schema.types[definition.type.name] else { continue }
      if type.isLeaf, !field.selections.isEmpty {
        report(
          .scalarLeafs, "the field \(field.name) is of the type \(type.name), which has no fields to select",
          field.offset)
      } else if !type.isLeaf, field.selections.isEmpty {
        report(.scalarLeafs, "the field \(field.name) needs a selection of the fields of \(type.name)", field.offset)
      }
    }
  }

  mutating func checkArguments() {
    for list in walk.arguments {
      checkUnique(list.arguments.map { ($0.name, $0.offset) }, .uniqueArgumentNames, "arguments")
      guard let definitions = list.definitions else { continue }
      for argument in list.arguments where !definitions.contains(where: { $0.name == argument.name }) {
        report(.knownArgumentNames, "\(list.owner) has no argument \(argument.name)", argument.offset)
      }
      for definition in definitions where definition.isRequired {
        if !list.arguments.contains(where: { $0.name == definition.name }) {
          report(
            .providedRequiredArguments,
            "\(list.owner) needs the argument \(definition.name) of the type"
              + " \(definition.type.text)", list.offset)
        }
      }
    }
  }
}
