internal import ProtoWire

/// Reads the filter of a list: the part of AIP-160 that indexes can answer. Pure; its work is in proportion to the
/// text, which has a limit.
/// https://google.aip.dev/160
struct FilterParser {
  /// In bytes: more than the longest useful filter has.
  static let maximumBytes = 1000
  /// The most conditions: two for each time, 64 bytes or so for each.
  static let maximumConditions = 16

  private var lexer: FilterLexer
  private var filter = UserFilter()

  private init(_ text: String) { lexer = FilterLexer(text) }

  /// Reads a filter. An empty text, or white space, is a filter that all users pass.
  static func parse(_ text: String) throws(FilterProblem) -> UserFilter {
    if text.isEmpty { return UserFilter() }
    guard text.utf8.count <= maximumBytes else {
      throw FilterProblem(.tooLong, "must not be longer than \(maximumBytes) bytes")
    }
    var parser = FilterParser(text)
    return try parser.conjunction()
  }

  private mutating func conjunction() throws(FilterProblem) -> UserFilter {
    var token = try lexer.next()
    if token == .end { return filter }
    var count = 0
    while true {
      count += 1
      guard count <= Self.maximumConditions else {
        throw FilterProblem(.tooLong, "must not have more than \(Self.maximumConditions) conditions")
      }
      try condition(token)
      let offset = lexer.offset
      switch try lexer.next() {
      case .end: return filter
      case .text("AND"): token = try lexer.next()
      case .text("OR"): throw FilterProblem(.notIndexed, "must not use OR, which no index answers", at: offset)
      case .sign(UInt8(ascii: ")")): throw Self.parenthesis(offset)
      default: throw FilterProblem(.invalid, "must join conditions with AND", at: offset)
      }
    }
  }

  private static func parenthesis(_ offset: Int) -> FilterProblem {
    FilterProblem(.notIndexed, "must not use parentheses or functions: conditions are joined by AND only", at: offset)
  }

  /// One condition, from its first token on.
  private mutating func condition(_ first: FilterLexer.Token) throws(FilterProblem) {
    let offset = lexer.offset
    guard case .text(let field) = first else {
      if case .sign(UInt8(ascii: "(")) = first { throw Self.parenthesis(offset) }
      throw FilterProblem(.invalid, "must begin each condition with the name of a field", at: offset)
    }
    if field == "NOT" || field.utf8.first == UInt8(ascii: "-") {
      throw FilterProblem(.notIndexed, "must not negate: no index answers it", at: offset)
    }
    switch field {
    case "email": try email()
    case "name": try name()
    case "state": try state()
    case "create_time": try time(.createTime, field)
    case "update_time": try time(.updateTime, field)
    case "delete_time": try time(.deleteTime, field)
    case "labels": try label()
    case "id", "purge_time", "etag":
      throw FilterProblem(.notIndexed, "must not name \(field), which no list is searched by", at: offset)
    default:
      throw FilterProblem(
        .invalid, "must name email, name, state, create_time, update_time, delete_time or labels.KEY", at: offset)
    }
  }

  // MARK: Conditions

  private mutating func email() throws(FilterProblem) {
    let value = try plain(try equal("email"), "email")
    guard filter.email == nil else { throw Self.repeated("email") }
    do throws(EmailProblem) {
      filter.email = try EmailAddress(value)
    } catch {
      throw FilterProblem(.invalid, "must compare email with an email: it \(error.description)", at: lexer.offset)
    }
  }

  private mutating func name() throws(FilterProblem) {
    let value = try equal("name")
    guard filter.name == nil else { throw Self.repeated("name") }
    guard value.text.utf8.count <= FieldRules.maximumNameLength * 4, !TextRules.hasControlCharacter(value.text) else {
      throw FilterProblem(.invalid, "must compare name with a text that a name may have", at: lexer.offset)
    }
    if value.endsInWildcard, value.text.isEmpty {
      throw FilterProblem(.notIndexed, "must have a text before the * of a name", at: lexer.offset)
    }
    filter.name = value.endsInWildcard ? .beginsWith(value.text) : .equals(value.text)
  }

  private mutating func state() throws(FilterProblem) {
    let value = try plain(try equal("state"), "state")
    guard filter.isDeleted == nil else { throw Self.repeated("state") }
    switch value {
    case "ACTIVE", "STATE_ACTIVE": filter.isDeleted = false
    case "DELETED", "STATE_DELETED": filter.isDeleted = true
    default: throw FilterProblem(.invalid, "must compare state with ACTIVE or DELETED", at: lexer.offset)
    }
  }

  private mutating func label() throws(FilterProblem) {
    guard try lexer.next() == .dot else {
      throw FilterProblem(.notIndexed, "must name one label, as labels.KEY", at: lexer.offset)
    }
    let key: String
    switch try lexer.next() {
    case .text(let text): key = text
    case .quoted(let text, endsInWildcard: false): key = text
    default: throw FilterProblem(.invalid, "must have a key behind labels.", at: lexer.offset)
    }
    guard FieldRules.isLabelKey(key) else {
      throw FilterProblem(.invalid, "must name a label by a key of 1 to 63 of a-z, 0-9 and _ . / -", at: lexer.offset)
    }
    let value = try plain(try equal("a label"), "a label")
    guard value.utf8.count <= FieldRules.maximumLabelValueBytes, !TextRules.hasControlCharacter(value) else {
      throw FilterProblem(.invalid, "must compare a label with a text that a label may have", at: lexer.offset)
    }
    guard filter.labels.updateValue(value, forKey: key) == nil else { throw Self.repeated("one label") }
  }

  private mutating func time(_ field: UserFilter.TimeField, _ name: String) throws(FilterProblem) {
    let comparison = try comparison(name)
    let text: String
    switch try lexer.nextValue() {
    case .text(let word), .quoted(let word, endsInWildcard: false): text = word
    default: throw FilterProblem(.invalid, "must compare \(name) with a time", at: lexer.offset)
    }
    guard let time = Google_Protobuf_Timestamp(rfc3339: text) else {
      throw FilterProblem(
        .invalid, "must compare \(name) with a time such as 2026-01-31T12:00:00Z (RFC 3339)", at: lexer.offset)
    }
    // Stored times have microseconds. What lies between two of them is after the first and before the second.
    let floor = time.seconds * 1_000_000 + Int64(time.nanos / 1000)
    let isExact = time.nanos % 1000 == 0
    var (lower, upper): (Int64?, Int64?)
    switch comparison {
    case .equal: (lower, upper) = (isExact ? floor : floor + 1, floor + 1)
    case .less: upper = isExact ? floor : floor + 1
    case .lessOrEqual: upper = floor + 1
    case .greater: lower = floor + 1
    case .greaterOrEqual: lower = isExact ? floor : floor + 1
    case .notEqual: throw Self.notEqual(lexer.offset)
    }
    var range = filter.times[field] ?? TimeRange()
    if let lower {
      guard range.lower == .min else { throw Self.repeated("one bound of \(name)") }
      range.lower = lower
    }
    if let upper {
      guard range.upper == .max else { throw Self.repeated("one bound of \(name)") }
      range.upper = upper
    }
    filter.times[field] = range
  }

  // MARK: Parts of a condition

  private static func repeated(_ what: String) -> FilterProblem {
    FilterProblem(.invalid, "must have \(what) once")
  }

  private static func notEqual(_ offset: Int) -> FilterProblem {
    FilterProblem(.notIndexed, "must not use !=, which no index answers", at: offset)
  }

  private mutating func comparison(_ field: String) throws(FilterProblem) -> FilterLexer.Comparison {
    switch try lexer.next() {
    case .comparison(let comparison): return comparison
    case .sign(UInt8(ascii: ":")):
      throw FilterProblem(.notIndexed, "must compare \(field) with = instead of the operator :", at: lexer.offset)
    case .sign(UInt8(ascii: "(")): throw Self.parenthesis(lexer.offset)
    case .dot: throw FilterProblem(.invalid, "must not have a path into \(field)", at: lexer.offset)
    default: throw FilterProblem(.invalid, "must compare \(field) with a value", at: lexer.offset)
    }
  }

  /// The value behind `=`.
  private mutating func equal(_ field: String) throws(FilterProblem) -> (text: String, endsInWildcard: Bool) {
    switch try comparison(field) {
    case .equal: break
    case .notEqual: throw Self.notEqual(lexer.offset)
    default: throw FilterProblem(.notIndexed, "must compare \(field) with = only", at: lexer.offset)
    }
    switch try lexer.nextValue() {
    case .text(var text):
      guard let star = text.utf8.firstIndex(of: UInt8(ascii: "*")) else { return (text, false) }
      guard text.utf8.index(after: star) == text.endIndex else {
        throw FilterProblem(.notIndexed, "must have a * only at the end of a name", at: lexer.offset)
      }
      text.unicodeScalars.removeLast()
      return (text, true)
    case .quoted(let text, let endsInWildcard): return (text, endsInWildcard)
    case .sign: throw Self.parenthesis(lexer.offset)
    default: throw FilterProblem(.invalid, "must compare \(field) with a value", at: lexer.offset)
    }
  }

  private func plain(
    _ value: (text: String, endsInWildcard: Bool), _ field: String
  ) throws(FilterProblem) -> String {
    guard !value.endsInWildcard else {
      throw FilterProblem(.notIndexed, "must not use the wildcard * for \(field): \\* is an asterisk", at: lexer.offset)
    }
    return value.text
  }
}
