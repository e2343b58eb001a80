/// Fields of one name in the response must be the same field. Comparing all with all takes the square of their number,
/// and more where fragments nest (CVE-2023-26144), so that each comparison counts.
/// https://spec.graphql.org/October2021/#FieldsInSetCanMerge()
extension DocumentValidator {
  private struct Entry {
    let field: ExecutableDocument.Field
    let parent: SchemaType?
    let definition: SchemaField?
  }

  /// Fields by their names in the response.
  private typealias Groups = [String: [Entry]]

  private struct Pair: Hashable {
    let one: Int
    let other: Int
    let isExclusive: Bool
  }

  mutating func checkOverlaps() {
    var seen: Set<Pair> = []
    for set in walk.selectionSets {
      guard let groups = groups(set.selections, set.parent) else { return }
      for entries in groups.values where entries.count > 1 {
        for (index, one) in entries.enumerated() {
          for other in entries[(index + 1)...] {
            guard spend() else { return }
            compare(one, other, isExclusive: false, depth: 0, &seen)
          }
        }
      }
    }
  }

  /// The fields of a selection set and of the fragments in it; nil if the budget is spent.
  private mutating func groups(_ selections: [ExecutableDocument.Selection], _ parent: SchemaType?) -> Groups? {
    var groups = Groups()
    var visited: Set<String> = []
    var pending: [(selections: [ExecutableDocument.Selection], parent: SchemaType?)] = [(selections, parent)]
    var isFirst = true
    while let (selections, parent) = pending.popLast() {
      // The set itself is linear in the document; what fragments repeat counts.
      guard isFirst || spend(selections.count) else { return nil }
      isFirst = false
      for selection in selections {
        switch selection {
        case .field(let field): add(field, parent, to: &groups)
        case .inline(let type, _, let inner, _):
          pending.append((inner, type.map { schema.types[$0] } ?? parent))
        case .spread(let name, _, _):
          guard visited.insert(name).inserted, let fragment = fragments[name] else { continue }
          pending.append((fragment.selections, schema.types[fragment.type]))
        }
      }
    }
    return groups
  }

  private func add(_ field: ExecutableDocument.Field, _ parent: SchemaType?, to groups: inout Groups) {
    let definition = parent.flatMap { schema.field(field.name, of: $0) }
    let key = field.alias ?? field.name
    // The same leaf once more has nothing to compare that the first one has not.
    if let last = groups[key]?.last, last.parent === parent, last.field.name == field.name, field.arguments.isEmpty,
      last.field.arguments.isEmpty, field.selections.isEmpty, last.field.selections.isEmpty
    {
      return
    }
    groups[key, default: []].append(Entry(field: field, parent: parent, definition: definition))
  }

  private mutating func compare(
    _ one: Entry, _ other: Entry, isExclusive: Bool, depth: Int, _ seen: inout Set<Pair>
  ) {
    // Fragments nest deeper than any operation may that is executed.
    guard depth < Self.depthLimit || spend(budget + 1) else { return }
    let isExclusive =
      isExclusive || one.parent !== other.parent && one.parent?.kind == .object && other.parent?.kind == .object
    let pair = Pair(
      one: min(one.field.offset, other.field.offset), other: max(one.field.offset, other.field.offset),
      isExclusive: isExclusive)
    guard seen.insert(pair).inserted else { return }
    let key = one.field.alias ?? one.field.name
    if !isExclusive {
      guard one.field.name == other.field.name else {
        return report(
          .overlappingFieldsCanBeMerged,
          "\(key) would be two fields, \(one.field.name) and \(other.field.name): use other aliases", other.field.offset
        )
      }
      guard Self.areSame(one.field.arguments, other.field.arguments) else {
        return report(
          .overlappingFieldsCanBeMerged, "\(key) has different arguments: use other aliases", other.field.offset)
      }
    }
    if let type = one.definition?.type, let otherType = other.definition?.type, conflict(type, otherType) {
      return report(
        .overlappingFieldsCanBeMerged,
        "\(key) would be of two types, \(type.text) and \(otherType.text): use other aliases", other.field.offset)
    }
    guard !one.field.selections.isEmpty, !other.field.selections.isEmpty else { return }
    compareInner(one, other, isExclusive: isExclusive, depth: depth + 1, &seen)
  }

  private static var depthLimit: Int { 100 }

  private mutating func compareInner(
    _ one: Entry, _ other: Entry, isExclusive: Bool, depth: Int, _ seen: inout Set<Pair>
  ) {
    guard let mine = groups(one.field.selections, one.definition.flatMap { schema.types[$0.type.name] }),
      let theirs = groups(other.field.selections, other.definition.flatMap { schema.types[$0.type.name] })
    else { return }
    for (key, entries) in mine {
      guard let others = theirs[key] else { continue }
      for entry in entries {
        for other in others {
          guard spend() else { return }
          compare(entry, other, isExclusive: isExclusive, depth: depth, &seen)
        }
      }
    }
  }

  /// In any order.
  private static func areSame(_ one: [ExecutableDocument.Argument], _ other: [ExecutableDocument.Argument]) -> Bool {
    guard one.count == other.count else { return false }
    if one.isEmpty { return true }
    let values = Dictionary(other.map { ($0.name, $0.value.text) }, uniquingKeysWith: { first, _ in first })
    return one.allSatisfy { values[$0.name] == $0.value.text }
  }

  /// https://spec.graphql.org/October2021/#SameResponseShape()
  private func conflict(_ one: TypeReference, _ other: TypeReference) -> Bool {
    switch (one, other) {
    case (.nonNull(let one), .nonNull(let other)), (.list(let one), .list(let other)): conflict(one, other)
    case (.named(let one), .named(let other)):
      one != other && (schema.types[one]?.isLeaf == true || schema.types[other]?.isLeaf == true)
    default: true
    }
  }
}
