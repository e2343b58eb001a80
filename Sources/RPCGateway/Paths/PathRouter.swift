/// Finds the template that a path and a method of HTTP match. A tree with one level per segment, so that a search looks
/// at each node at most once: what it costs is bounded by the templates, whatever the path.
///
/// The router splits a path at its slashes and colons before it decodes anything, so an encoded slash or colon
/// separates nothing.
struct PathRouter: Sendable {
  enum Match: Equatable {
    /// The index of the template, and the values of its variables in their order.
    case found(Int, values: [String])
    /// Templates match, but for other methods.
    case otherMethods([String])
    /// No template matches.
    case nothing
    /// The path is not percent-encoded UTF-8.
    case malformed
  }

  private struct Node {
    var literals: [String: Int] = [:]
    var single: Int?
    var multiple: Int?
    /// By verb, then by method; `*` takes any.
    var ends: [String: [String: Int]] = [:]
  }

  private var nodes = [Node()]
  private var templates: [PathTemplate] = []

  /// Adds a template for a method of HTTP.
  /// - Returns: its index.
  mutating func add(_ template: PathTemplate, method: String) throws(GatewayError) -> Int {
    var node = 0
    for segment in template.segments {
      let next: Int?
      switch segment {
      case .literal(let text): next = nodes[node].literals[text]
      case .single: next = nodes[node].single
      case .multiple: next = nodes[node].multiple
      }
      if let next {
        node = next
        continue
      }
      nodes.append(Node())
      let made = nodes.count - 1
      switch segment {
      case .literal(let text): nodes[node].literals[text] = made
      case .single: nodes[node].single = made
      case .multiple: nodes[node].multiple = made
      }
      node = made
    }
    guard nodes[node].ends[template.verb]?[method] == nil else {
      throw GatewayError("two methods have the same path for \(method)")
    }
    nodes[node].ends[template.verb, default: [:]][method] = templates.count
    templates.append(template)
    return templates.count - 1
  }

  /// - Parameter path: as it was sent, without the query.
  func match(_ path: [UInt8], method: String) -> Match {
    guard path.first == UInt8(ascii: "/") else { return .nothing }
    let raw = path[1...].split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map(Array.init)
    guard let last = raw.last else { return .nothing }
    var allowed: [String] = []
    // First take the text after the last colon as a verb; if there is no such verb, take the whole segment.
    for colon in [last.lastIndex(of: UInt8(ascii: ":")), nil] {
      var segments = raw
      var verb = ""
      if let colon {
        guard let text = PercentDecoding.text(last[(colon + 1)...]) else { return .malformed }
        verb = text
        segments[segments.count - 1] = Array(last[..<colon])
      }
      var decoded: [String] = []
      for segment in segments {
        guard let text = PercentDecoding.text(segment) else { return .malformed }
        decoded.append(text)
      }
      var search = Search(segments: decoded, verb: verb, method: method)
      if let index = find(&search, from: 0, at: 0) { return found(index, segments, decoded) }
      allowed += search.allowed
      if !allowed.isEmpty || colon == nil { break }
    }
    return allowed.isEmpty ? .nothing : .otherMethods(Set(allowed).sorted())
  }

  private struct Search {
    let segments: [String]
    let verb: String
    let method: String
    var allowed: [String] = []
  }

  private func find(_ search: inout Search, from node: Int, at depth: Int) -> Int? {
    guard depth < search.segments.count else { return end(&search, node) ?? multiple(&search, node) }
    let segment = search.segments[depth]
    if let next = nodes[node].literals[segment], let index = find(&search, from: next, at: depth + 1) { return index }
    if let next = nodes[node].single, !segment.isEmpty, let index = find(&search, from: next, at: depth + 1) {
      return index
    }
    return multiple(&search, node)
  }

  private func multiple(_ search: inout Search, _ node: Int) -> Int? {
    nodes[node].multiple.flatMap { end(&search, $0) }
  }

  private func end(_ search: inout Search, _ node: Int) -> Int? {
    guard let methods = nodes[node].ends[search.verb] else { return nil }
    if let index = methods[search.method] ?? methods["*"] { return index }
    search.allowed += methods.keys
    return nil
  }

  /// A variable of one segment is decoded completely. A variable of several segments keeps `%2F`, which does not
  /// separate them.
  private func found(_ index: Int, _ raw: [[UInt8]], _ decoded: [String]) -> Match {
    let template = templates[index]
    let values = template.variables.map { variable in
      let start = variable.segments.lowerBound
      if template.isSingle(variable) { return decoded[start] }
      let reachesEnd = variable.segments.last.map { template.segments[$0] == .multiple } ?? false
      let end = reachesEnd ? raw.count : variable.segments.upperBound
      return raw[min(start, end)..<end].map { PercentDecoding.text($0, keepsSlashes: true) ?? "" }.joined(
        separator: "/")
    }
    return .found(index, values: values)
  }
}
