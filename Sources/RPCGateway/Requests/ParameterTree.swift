/// Fields of a request that path, query and header fields give, gathered to a JSON object: so they are read by the same
/// rules as a body.
struct ParameterTree {
  enum Failure: Error, Hashable {
    /// The request gives several values for a field that takes one.
    case twice
    case value(ParameterValue.Failure)

    var description: String {
      switch self {
      case .twice: "is given twice"
      case .value(let failure): failure.description
      }
    }
  }

  private struct Node {
    let field: FieldType
    var children: [Node] = []
    /// As JSON.
    var values: [String] = []
    /// Of a map, a key for each value.
    var keys: [String] = []
  }

  private var roots: [Node] = []

  var isEmpty: Bool { roots.isEmpty }

  /// Adds a value.
  /// - Parameters:
  ///   - path: the fields from the request's down; not empty.
  ///   - key: of a map, its key; else nil.
  ///   - value: of a map, the field is that of the values.
  mutating func add(_ path: [FieldType], key: String? = nil, _ value: String, of field: FieldType) throws(Failure) {
    let json: String
    do throws(ParameterValue.Failure) {
      json = try ParameterValue.json(value, field)
    } catch {
      throw .value(error)
    }
    try Self.add(path[...], key: key, json, to: &roots)
  }

  private static func add(
    _ path: ArraySlice<FieldType>, key: String?, _ json: String, to nodes: inout [Node]
  ) throws(Failure) {
    guard let field = path.first else { return }
    var index = nodes.firstIndex { $0.field.number == field.number } ?? nodes.count
    if index == nodes.count { nodes.append(Node(field: field)) }
    index = min(index, nodes.count - 1)
    guard path.count == 1 else { return try add(path.dropFirst(), key: key, json, to: &nodes[index].children) }
    if let key {
      guard !nodes[index].keys.contains(key) else { throw .twice }
      nodes[index].keys.append(key)
    } else if !field.isRepeated, !nodes[index].values.isEmpty {
      throw .twice
    }
    nodes[index].values.append(json)
  }

  var json: String { Self.json(roots) }

  private static func json(_ nodes: [Node]) -> String {
    let members = nodes.map { node in
      let name = ParameterValue.quoted(node.field.jsonName)
      guard node.children.isEmpty else { return "\(name):\(json(node.children))" }
      if node.field.isMap {
        let entries = zip(node.keys, node.values).map { "\(ParameterValue.quoted($0)):\($1)" }
        return "\(name):{\(entries.joined(separator: ","))}"
      }
      guard node.field.isRepeated else { return "\(name):\(node.values.first ?? "null")" }
      return "\(name):[\(node.values.joined(separator: ","))]"
    }
    return "{\(members.joined(separator: ","))}"
  }
}
