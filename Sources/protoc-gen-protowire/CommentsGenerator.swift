import ProtoWire

/// Writes the comments of a file as data, for what documents a service at run time.
struct CommentsGenerator {
  let file: Google_Protobuf_FileDescriptorProto
  let comments: Comments
  let visibility: Options.Visibility

  /// Symbols in the order of the file, each with its comment.
  private var entries: [(symbol: String, lines: [String])] {
    let package = file.package ?? ""
    var found: [(symbol: String, lines: [String])] = []
    func add(_ name: String?, in scope: String, _ path: [Int32]) -> String {
      let symbol = scope.isEmpty ? name ?? "" : scope + "." + (name ?? "")
      let lines = comments[path]
      if !lines.isEmpty { found.append((symbol, lines)) }
      return symbol
    }
    func add(_ type: Google_Protobuf_EnumDescriptorProto, in scope: String, _ path: [Int32]) {
      let symbol = add(type.name, in: scope, path)
      for (index, value) in type.value.enumerated() { _ = add(value.name, in: symbol, path + [2, Int32(index)]) }
    }
    func add(_ message: Google_Protobuf_DescriptorProto, in scope: String, _ path: [Int32]) {
      let symbol = add(message.name, in: scope, path)
      for (index, field) in message.field.enumerated() { _ = add(field.name, in: symbol, path + [2, Int32(index)]) }
      for (index, oneof) in message.oneofDecl.enumerated() {
        _ = add(oneof.name, in: symbol, path + [8, Int32(index)])
      }
      for (index, type) in message.enumType.enumerated() { add(type, in: symbol, path + [4, Int32(index)]) }
      for (index, nested) in message.nestedType.enumerated() { add(nested, in: symbol, path + [3, Int32(index)]) }
    }
    for (index, service) in file.service.enumerated() {
      let symbol = add(service.name, in: package, [6, Int32(index)])
      for (number, method) in service.method.enumerated() {
        _ = add(method.name, in: symbol, [6, Int32(index), 2, Int32(number)])
      }
    }
    for (index, message) in file.messageType.enumerated() { add(message, in: package, [4, Int32(index)]) }
    for (index, type) in file.enumType.enumerated() { add(type, in: package, [5, Int32(index)]) }
    return found
  }

  func generate(_ code: inout CodeWriter) {
    let entries = entries
    let fileName = file.name ?? ""
    // A raw string ends with as many signs as it begins with: one more than any comment has behind quotes.
    var signs = "#"
    while entries.contains(where: { $0.lines.contains { $0.contains("\"\"\"" + signs) } }) { signs += "#" }
    code.block("extension ProtoComments") { code in
      code.line("/// The comments of \(fileName).")
      code.line("\(visibility.modifier)static let \(Names.descriptor(of: fileName)) = ProtoComments(")
      code.indented { code in
        code.line("\(signs)\"\"\"")
        for entry in entries {
          code.line("  " + entry.symbol)
          for line in entry.lines { code.line("  " + (line.isEmpty ? "|" : "| " + line)) }
        }
        code.line("  \"\"\"\(signs))")
      }
    }
  }
}
