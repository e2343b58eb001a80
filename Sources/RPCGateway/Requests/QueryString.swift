/// The parameters of a URL's query, in their order. https://url.spec.whatwg.org/#urlencoded-parsing
struct QueryString {
  /// A name such as `user.name`, `order_by` or `labels[team]`, and a value.
  struct Parameter: Hashable {
    let name: String
    let value: String

    /// The names of fields that the parameter's name consists of, and the key behind them.
    var path: (fields: [String], key: String?) {
      guard name.hasSuffix("]"), let bracket = name.firstIndex(of: "[") else { return (Self.split(name[...]), nil) }
      return (Self.split(name[..<bracket]), String(name[name.index(after: bracket)...].dropLast()))
    }

    private static func split(_ names: Substring) -> [String] {
      names.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    }
  }

  let parameters: [Parameter]

  /// Nil if it is no percent-encoded UTF-8.
  init?(_ query: some Collection<UInt8>) {
    var parameters: [Parameter] = []
    for part in query.split(separator: UInt8(ascii: "&")) {
      let pair = part.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = PercentDecoding.text(pair[0], plusIsSpace: true),
        let value = pair.count > 1 ? PercentDecoding.text(pair[1], plusIsSpace: true) : ""
      else { return nil }
      parameters.append(Parameter(name: name, value: value))
    }
    self.parameters = parameters
  }
}
