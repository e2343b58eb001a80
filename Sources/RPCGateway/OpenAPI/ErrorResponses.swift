import RPCCore
import RPCServer

/// The errors of a method, by their status of HTTP: those that its comment names (`NOT_FOUND if …`), and those that any
/// method has.
struct ErrorResponses {
  private var descriptions: [Int: [String]] = [:]

  init(_ comment: String, isGuarded: Bool) {
    descriptions[400] = ["INVALID_ARGUMENT: what was sent is wrong; the details name each field."]
    if isGuarded {
      descriptions[401] = ["UNAUTHENTICATED: there are no valid credentials."]
      descriptions[403] = ["PERMISSION_DENIED: the caller may not do this."]
    }
    let words = comment.split { $0 == " " || $0 == "\n" }.map(String.init)
    var index = 0
    while index < words.count {
      let start = index
      index += 1
      guard let code = Self.code(words[start]), index < words.count, words[index] == "if" else { continue }
      while index < words.count,
        !(Self.code(words[index]) != nil && words.indices.contains(index + 1) && words[index + 1] == "if")
      {
        index += 1
        if words[index - 1].hasSuffix(".") { break }
      }
      let clause = words[start..<index].joined(separator: " ").reversed().drop { ",.;".contains($0) }.reversed()
      descriptions[code.httpStatus, default: []].append(String(clause) + ".")
    }
  }

  mutating func add(_ status: Int, _ description: String) { descriptions[status, default: []].append(description) }

  private static func code(_ word: String) -> StatusCode? {
    StatusCode.allCodes.dropFirst().first { $0.description == word }
  }

  var responses: [JSONValue.Member] {
    descriptions.sorted { $0.key < $1.key }.map { status, texts in
      .init(name: "\(status)", value: Self.response(texts.joined(separator: "\n\n")))
    }
  }

  static func response(_ description: String) -> JSONValue {
    .object([
      "description": .string(description),
      "content": .object(["application/json": .object(["schema": .reference("Error")])]),
    ])
  }
}
