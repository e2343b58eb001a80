/// A path as OpenAPI has it: each parameter is one segment.
struct DocumentPath {
  /// nil where a parameter stands.
  private var pieces: [String?] = []
  /// Names of the parameters.
  private(set) var names: [String] = []
  /// For each parameter, its field; nil where it is only a part of a field's value, or of none.
  private(set) var fields: [FieldType?] = []

  init(_ binding: HTTPBinding) {
    let template = binding.template
    for (index, segment) in template.segments.enumerated() {
      pieces.append("/")
      if case .literal(let text) = segment {
        pieces.append(text)
        continue
      }
      pieces.append(nil)
      let variable = template.variables.firstIndex { $0.segments.contains(index) }
      let field = variable.flatMap { binding.variables[$0].last }
      let isWhole = variable.map { template.variables[$0].segments.count == 1 } ?? false
      var name = field?.name ?? "segment"
      // The segment behind `shelves` is one of them.
      if !isWhole, index > 0, case .literal(let text) = template.segments[index - 1] { name += "_\(text)" }
      names.append(names.contains(name) ? "\(name)_\(index)" : name)
      fields.append(isWhole ? field : nil)
    }
    if !template.verb.isEmpty { pieces.append(":" + template.verb) }
  }

  /// The path without names: two of the same shape are one to OpenAPI.
  var shape: String { pieces.map { $0 ?? "{}" }.joined() }

  var text: String {
    var rest = names[...]
    return pieces.map { $0 ?? "{\(rest.popFirst() ?? "")}" }.joined()
  }
}
