import Fuzzing
import Glibc
import RPCGraphQL

// Says of each document from standard input, as JSON in a line, what the parser makes of it; with --validate, which
// rules it breaks by a schema that is printed first, and how many comparisons that took. Each document has its length
// before it, in four bytes. test_graphql_syntax.py and test_graphql_validation.py compare the lines with what
// graphql-core says.

typealias Document = ExecutableDocument

func quoted(_ text: String) -> String {
  var output = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"", "\\": output += "\\\(scalar)"
    case _ where scalar.value < 0x20:
      let digits = String(scalar.value, radix: 16)
      output += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    default: output.unicodeScalars.append(scalar)
    }
  }
  return output + "\""
}

func array(_ parts: [String]) -> String { "[" + parts.joined(separator: ",") + "]" }

func optional(_ text: String?) -> String { text.map(quoted) ?? "null" }

func json(_ value: Document.Value) -> String {
  switch value {
  case .variable(let name): array(["\"variable\"", quoted(name)])
  case .int(let text): array(["\"int\"", quoted(text)])
  case .float(let text): array(["\"float\"", quoted(text)])
  case .string(let text): array(["\"string\"", quoted(text)])
  case .boolean(let value): "\(value)"
  case .null: "null"
  case .enumValue(let name): array(["\"enum\"", quoted(name)])
  case .list(let values): array(["\"list\""] + values.map(json))
  case .object(let fields): array(["\"object\""] + fields.map(json))
  }
}

func json(_ argument: Document.Argument) -> String {
  array([quoted(argument.name), json(argument.value), "\(argument.offset)"])
}

func json(_ directives: [Document.Directive]) -> String {
  array(directives.map { array([quoted($0.name), array($0.arguments.map(json)), "\($0.offset)"]) })
}

func json(_ type: Document.TypeReference) -> String {
  switch type {
  case .named(let name): quoted(name)
  case .list(let inner): array(["\"list\"", json(inner)])
  case .nonNull(let inner): array(["\"nonnull\"", json(inner)])
  }
}

func json(_ selections: [Document.Selection]) -> String {
  array(
    selections.map { selection in
      switch selection {
      case .field(let field):
        array([
          "\"field\"", optional(field.alias), quoted(field.name), array(field.arguments.map(json)),
          json(field.directives), json(field.selections), "\(field.offset)",
        ])
      case .spread(let name, let directives, let offset):
        array(["\"spread\"", quoted(name), json(directives), "\(offset)"])
      case .inline(let type, let directives, let selections, let offset):
        array(["\"inline\"", optional(type), json(directives), json(selections), "\(offset)"])
      }
    })
}

func json(_ variable: Document.Variable) -> String {
  array([
    quoted(variable.name), json(variable.type), variable.defaultValue.map { array([json($0)]) } ?? "null",
    json(variable.directives), "\(variable.offset)",
  ])
}

func describe(_ text: [UInt8]) -> String {
  do throws(SyntaxError) {
    let document = try ExecutableDocument(parsing: text)
    let operations = document.operations.map { operation in
      array([
        quoted(operation.kind.rawValue), optional(operation.name), array(operation.variables.map(json)),
        json(operation.directives), json(operation.selections), "\(operation.offset)",
      ])
    }
    let fragments = document.fragments.map { fragment in
      array([
        quoted(fragment.name), quoted(fragment.type), json(fragment.directives), json(fragment.selections),
        "\(fragment.offset)",
      ])
    }
    return array([array(operations), array(fragments)])
  } catch {
    return "{\"line\":\(error.line),\"column\":\(error.column),\"message\":\(quoted(error.message))}"
  }
}

func read(_ count: Int) -> [UInt8]? {
  var bytes: [UInt8] = []
  while bytes.count < count {
    var piece = [UInt8](repeating: 0, count: count - bytes.count)
    let got = Glibc.read(STDIN_FILENO, &piece, piece.count)
    if got < 0, errno == EINTR { continue }
    guard got > 0 else { return nil }
    bytes += piece[..<got]
  }
  return bytes
}

/// The rules that a document breaks, each once for each error; and the comparisons.
func validated(_ text: [UInt8], _ schema: Schema) -> String {
  do throws(SyntaxError) {
    let document = try ExecutableDocument(parsing: text)
    let (errors, comparisons) = DocumentValidator.validate(document, schema)
    return array([array(errors.map { quoted($0.rule.rawValue) }), "\(comparisons)"])
  } catch {
    return "null"
  }
}

let schema = CommandLine.arguments.contains("--validate") ? try PetSchema.make() : nil
if let schema {
  print(quoted(schema.text))
  fflush(nil)
}
while let head = read(4) {
  guard let text = read(Int(head.reduce(0 as UInt32) { $0 << 8 | UInt32($1) })) else { break }
  print(schema.map { validated(text, $0) } ?? describe(text))
  fflush(nil)
}
