/// Rules of fragments.
extension DocumentValidator {
  mutating func checkFragments() {
    checkUnique(document.fragments.map { ($0.name, $0.offset) }, .uniqueFragmentNames, "fragments")
    for fragment in document.fragments { checkCondition(fragment.type, fragment.offset) }
    for use in walk.fragments {
      if let name = use.name {
        guard let fragment = fragments[name] else {
          report(.knownFragmentNames, "there is no fragment \(name)", use.offset)
          continue
        }
        checkSpread(of: fragment.type, use, "the fragment \(name)")
      } else if let type = use.type {
        checkCondition(type, use.offset)
        checkSpread(of: type, use, "the fragment")
      }
    }
    checkUse()
    checkCycles()
  }

  private mutating func checkCondition(_ name: String, _ offset: Int) {
    guard let type = schema.types[name] else {
      return report(.knownTypeNames, "there is no type \(name)", offset)
    }
    if !type.isComposite {
      report(.fragmentsOnCompositeTypes, "a fragment can't be on \(name): it has no fields", offset)
    }
  }

  private mutating func checkSpread(of name: String, _ use: DocumentWalk.FragmentUse, _ what: String) {
    guard let type = schema.types[name], type.isComposite, let parent = use.parent, type !== parent,
      schema.possibleTypes(type).isDisjoint(with: schema.possibleTypes(parent))
    else { return }
    report(.possibleFragmentSpreads, "\(what) can't be here: \(parent.name) is never \(name)", use.offset)
  }

  private mutating func checkUse() {
    var used: Set<String> = []
    var pending = walk.operationReferences.flatMap { $0.spreads.map(\.name) }
    while let name = pending.popLast() {
      guard used.insert(name).inserted, let index = fragmentIndices[name] else { continue }
      pending += walk.fragmentReferences[index].spreads.map(\.name)
    }
    for fragment in document.fragments where !used.contains(fragment.name) {
      report(.noUnusedFragments, "nothing uses the fragment \(fragment.name)", fragment.offset)
    }
  }

  /// Depth first, with a stack of its own: chains may be as long as the document.
  private mutating func checkCycles() {
    var finished: Set<String> = []
    for start in document.fragments where !finished.contains(start.name) {
      var path: [(name: String, spreads: ArraySlice<(name: String, offset: Int)>)] = []
      var onPath: Set<String> = []
      func enter(_ name: String) {
        guard let index = fragmentIndices[name] else { return }
        onPath.insert(name)
        path.append((name, walk.fragmentReferences[index].spreads[...]))
      }
      enter(start.name)
      while let top = path.last {
        guard let next = top.spreads.first else {
          path.removeLast()
          onPath.remove(top.name)
          finished.insert(top.name)
          continue
        }
        path[path.count - 1].spreads = top.spreads.dropFirst()
        if onPath.contains(next.name) {
          report(.noFragmentCycles, "the fragment \(next.name) contains itself", next.offset)
        } else if !finished.contains(next.name) {
          enter(next.name)
        }
      }
    }
  }
}
