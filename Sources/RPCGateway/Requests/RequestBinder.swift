import ProtoWire
import RPCCore

/// Makes the message of a request: from its body, its path, its query and its `if-match`.
struct RequestBinder: Sendable {
  let binding: HTTPBinding
  let types: TypeIndex
  let transcoder: JSONTranscoder

  /// What the head says of the message, as wire bytes: they follow the bytes of the body, so that a field in both gets
  /// its value from the head.
  struct Head {
    var bytes: [UInt8] = []
    /// Whether a query parameter gives the mask.
    var hasMask = false
    /// What `if-match` says; nil without one.
    var etag: String?
  }

  /// - Throws: INVALID_ARGUMENT that names all parameters that are wrong.
  func head(values: [String], query: QueryString, etag: String?, lastEvent: String?) throws(RPCError) -> Head {
    var tree = ParameterTree()
    var violations: [(field: String, description: String, reason: String)] = []
    func add(_ path: [FieldType], key: String? = nil, _ value: String, of field: FieldType, named name: String) {
      do throws(ParameterTree.Failure) {
        try tree.add(path, key: key, value, of: field)
      } catch {
        violations.append((name, "\(name) \(error.description)", "INVALID_PARAMETER"))
      }
    }
    for (path, value) in zip(binding.variables, values) {
      guard let last = path.last else { continue }
      add(path, value, of: last, named: path.map(\.name).joined(separator: "."))
    }
    var head = Head()
    for parameter in query.parameters {
      let (names, key) = parameter.path
      let path = types.resolve(names, in: binding.input.fullName) ?? []
      guard let last = path.last, binding.takesParameter(path), last.isMap == (key != nil),
        let field = last.isMap ? types.messages[last.typeName]?.field("value") : last
      else {
        let name = PeerText.excerpt(parameter.name)
        violations.append((name, "there is no parameter \(name)", "UNKNOWN_PARAMETER"))
        continue
      }
      if path.count == 1, last.number == binding.mask?.number { head.hasMask = true }
      add(path, key: key, parameter.value, of: field, named: PeerText.excerpt(parameter.name))
    }
    if let etag, let last = binding.etag.last { add(binding.etag, etag, of: last, named: "if-match") }
    if let lastEvent, let field = binding.resumeField { add([field], lastEvent, of: field, named: "last-event-id") }
    guard violations.isEmpty else { throw Self.error(violations) }
    head.etag = etag
    if !tree.isEmpty { head.bytes = try wire(Array(tree.json.utf8), binding.input.fullName, isBody: false) }
    return head
  }

  /// - Parameter body: as it came; empty if there was none.
  /// - Throws: INVALID_ARGUMENT that says what is wrong with it.
  func message(_ body: [UInt8], _ head: Head) throws(RPCError) -> [UInt8] {
    switch binding.body {
    case .none:
      guard body.isEmpty else { throw RPCError(.invalidArgument, "the method takes no body") }
      return head.bytes
    // White space alone is no JSON text: RFC 8259, section 2.
    case _ where body.isEmpty: return head.bytes
    case .whole:
      let message = try wire(body, binding.input.fullName, isBody: true)
      try checkEtag(body, head)
      return message + head.bytes
    case .field(let field):
      let message = try wire(body, of: field)
      if binding.etag.count == 2 { try checkEtag(body, head) }
      return message + head.bytes + mask(body, field, head)
    }
  }

  // MARK: Parts

  private func wire(_ body: [UInt8], of field: FieldType) throws(RPCError) -> [UInt8] {
    if field.kind == .message, !field.isRepeated {
      return Self.field(field.number, try wire(body, field.typeName, isBody: true, prefix: field.jsonName))
    }
    guard JSONScanner.isOneValue(body) else { throw RPCError(.invalidArgument, "the body is not JSON") }
    let wrapped = Array("{\(ParameterValue.quoted(field.jsonName)):".utf8) + body + Array("}".utf8)
    return try wire(wrapped, binding.input.fullName, isBody: false)
  }

  private func mask(_ body: [UInt8], _ field: FieldType, _ head: Head) -> [UInt8] {
    guard let mask = binding.mask, !head.hasMask, let message = types.messages[field.typeName] else { return [] }
    let prefix = field.name + "."
    let excluded = binding.pathFields.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
    let paths = UpdateMask(types: types, excluded: Set(excluded)).paths(body[...], message)
    return Self.field(mask.number, Google_Protobuf_FieldMask.with { $0.paths = paths }.wireBytes())
  }

  /// `if-match` and the etag of the body must not contradict each other.
  private func checkEtag(_ body: [UInt8], _ head: Head) throws(RPCError) {
    guard let wanted = head.etag, let value = JSONScanner.members(body[...])?.last(where: { $0.name == "etag" })?.value
    else { return }
    let given = String(decoding: value, as: UTF8.self)
    guard given == ParameterValue.quoted(wanted) || given == "\"\"" || given == "null" else {
      throw Self.error([("etag", "if-match and the etag of the body differ", "CONTRADICTION")])
    }
  }

  private func wire(
    _ json: [UInt8], _ messageName: String, isBody: Bool, prefix: String = ""
  ) throws(RPCError) -> [UInt8] {
    do throws(JSONError) {
      return try transcoder.wire(fromJSON: json, messageName: messageName)
    } catch {
      let unknown = Self.unknownName(json, error)
      let isValue = unknown != nil && error.message.hasPrefix("the enum")
      let names = [prefix].filter { !$0.isEmpty } + error.path + (unknown.map { isValue ? [] : [$0] } ?? [])
      let path = names.reduce("") { $0.isEmpty || $1.hasPrefix("[") ? $0 + $1 : $0 + "." + $1 }
      let place = isBody && error.line > 0 ? " (line \(error.line), column \(error.column))" : ""
      guard !path.isEmpty else { throw RPCError(.invalidArgument, error.message + place) }
      guard let unknown else { throw Self.error([(path, "\(path): \(error.message)\(place)", "INVALID_VALUE")]) }
      guard !isValue else {
        throw Self.error([(path, "\(path): there is no value \(unknown)\(place)", "UNKNOWN_VALUE")])
      }
      throw Self.error([(path, "there is no field \(path)\(place)", "UNKNOWN_FIELD")])
    }
  }

  /// The unknown name in the body. The parser's errors repeat no input, but a caller needs to see the name that it
  /// misspelt.
  private static func unknownName(_ json: [UInt8], _ error: JSONError) -> String? {
    guard error.code == .unknownField, error.line > 0 else { return nil }
    var start = json.startIndex
    for _ in 1..<error.line {
      guard let end = json[start...].firstIndex(of: 0x0a) else { return nil }
      start = end + 1
    }
    start += error.column - 1
    guard start < json.endIndex, json[start] == UInt8(ascii: "\"") else { return nil }
    let name = json[(start + 1)...].prefix { $0 != UInt8(ascii: "\"") }
    return PeerText.excerpt(String(decoding: name, as: UTF8.self))
  }

  private static func error(_ violations: [(field: String, description: String, reason: String)]) -> RPCError {
    RPCError(
      .invalidArgument, violations.map(\.description).joined(separator: "; "), details: [.badRequest(violations)])
  }

  /// A message as a field of another.
  private static func field(_ number: Int32, _ bytes: [UInt8]) -> [UInt8] {
    var writer = WireWriter(capacity: bytes.count + 16)
    bytes.withUnsafeBytes { writer.prependDelimited($0) }
    writer.prependTag(UInt32(bitPattern: number) << 3 | 2)
    return writer.withUnsafeBytes { Array($0) }
  }
}
