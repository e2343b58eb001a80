/// A page of a list, from the response of a method with page tokens.
///
/// A token of the service stands behind a whole page, but an edge may be anywhere in one. A cursor is a token and how
/// many items come behind it: `3~TOKEN`. Who asks for what comes after it gets a page that begins at the token, without
/// those items.
struct Page {
  /// Where a page begins.
  struct Cursor {
    var skip = 0
    var token = ""

    init() {}

    /// Nil if the text is no cursor.
    init?(_ text: String) {
      guard let end = text.firstIndex(of: "~"), let skip = Int(text[..<end]), (0...Page.limit).contains(skip) else {
        return nil
      }
      self.skip = skip
      token = String(text[text.index(after: end)...])
    }
  }

  /// The most items of a page: what is beyond them has another token.
  static let limit = 1000

  let response: UnsafeRawBufferPointer
  let nodes: [UnsafeRawBufferPointer]
  let hasNextPage: Bool
  private let start: Cursor
  private let after: String?
  private let nextToken: String

  /// - Parameters:
  ///   - first: how many nodes are wanted; nil for as many as there are.
  ///   - after: the cursor of the request.
  init(
    _ response: UnsafeRawBufferPointer, _ connection: MethodBinding.Connection, first: Int?, after: String?
  ) {
    self.response = response
    self.after = after
    start = after.flatMap { Cursor($0) } ?? Cursor()
    let items = WireScan.elements(connection.items, in: response).dropFirst(start.skip)
    nodes = items.prefix(first.map { max($0, 0) } ?? .max).map(\.bytes)
    nextToken = String(decoding: WireScan.last(connection.nextToken.number, in: response).bytes, as: UTF8.self)
    hasNextPage = !nextToken.isEmpty || nodes.count < items.count
    isWhole = nodes.count == items.count
  }

  /// It has all items of the response.
  private let isWhole: Bool

  /// Something is before the first node.
  var hasPreviousPage: Bool { after != nil }

  func cursor(_ index: Int) -> String {
    if isWhole, index == nodes.count - 1, !nextToken.isEmpty { return "0~\(nextToken)" }
    return "\(start.skip + index + 1)~\(start.token)"
  }

  /// Also of a page without nodes, since more may follow it.
  var endCursor: String? {
    guard nodes.isEmpty else { return cursor(nodes.count - 1) }
    return isWhole && !nextToken.isEmpty ? "0~\(nextToken)" : after
  }

  /// What a method is asked for it: the arguments of the field, with the page's size and token in place of `first` and
  /// `after`.
  /// - Returns: nil if `after` is no cursor.
  static func arguments(_ arguments: [InputValue.Member], _ connection: MethodBinding.Connection) -> [InputValue
    .Member]?
  {
    var members = arguments.filter { $0.name != "first" && $0.name != "after" }
    var start = Cursor()
    if case .string(let text) = arguments.first(where: { $0.name == "after" })?.value {
      guard let cursor = Cursor(text) else { return nil }
      start = cursor
    }
    if let first = first(arguments) {
      // A size of 0 would be the default size; it asks for one item, to know whether there is one.
      let size = first < 0 ? first : min(max(first, 1), limit) + start.skip
      members.append(.init(name: connection.size, value: .number("\(size)")))
    } else if start.skip > 0 {
      members.append(.init(name: connection.size, value: .number("\(min(start.skip + 50, limit))")))
    }
    if !start.token.isEmpty { members.append(.init(name: connection.token, value: .string(start.token))) }
    return members
  }

  static func first(_ arguments: [InputValue.Member]) -> Int? {
    guard case .number(let text) = arguments.first(where: { $0.name == "first" })?.value else { return nil }
    return Int(text)
  }
}
