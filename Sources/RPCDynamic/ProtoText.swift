internal import ProtoWire

/// Declarations in the syntax of .proto files, for people: without options and comments.
struct ProtoText {
  private(set) var text = ""
  private var depth = 0

  static func service(_ service: Google_Protobuf_ServiceDescriptorProto) -> String {
    var writer = ProtoText()
    writer.block("service \(service.name ?? "")") { writer in
      for method in service.method { writer.line(signature(method)) }
    }
    return writer.text
  }

  static func message(_ message: Google_Protobuf_DescriptorProto, isProto3: Bool) -> String {
    var writer = ProtoText()
    writer.message(message, isProto3: isProto3)
    return writer.text
  }

  static func enumeration(_ type: Google_Protobuf_EnumDescriptorProto) -> String {
    var writer = ProtoText()
    writer.enumeration(type)
    return writer.text
  }

  static func signature(_ method: Google_Protobuf_MethodDescriptorProto) -> String {
    func type(_ name: String?, isStream: Bool?) -> String {
      (isStream ?? false ? "stream " : "") + MethodCatalog.absolute(name)
    }
    let input = type(method.inputType, isStream: method.clientStreaming)
    let output = type(method.outputType, isStream: method.serverStreaming)
    return "rpc \(method.name ?? "") ( \(input) ) returns ( \(output) );"
  }

  // MARK: Types

  private mutating func message(_ message: Google_Protobuf_DescriptorProto, isProto3: Bool) {
    block("message \(message.name ?? "")") { writer in
      let entries = message.nestedType.filter { $0.options?.mapEntry ?? false }
      var oneofs: Set<Int32> = []
      for field in message.field {
        guard let index = field.oneofIndex, !(field.proto3Optional ?? false) else {
          writer.line(Self.field(field, entries, isProto3: isProto3))
          continue
        }
        guard oneofs.insert(index).inserted else { continue }
        let name = Int(index) < message.oneofDecl.count ? message.oneofDecl[Int(index)].name : nil
        writer.block("oneof \(name ?? "")") { writer in
          for member in message.field where member.oneofIndex == index {
            writer.line("\(Self.type(member)) \(member.name ?? "") = \(member.number ?? 0);")
          }
        }
      }
      for type in message.enumType { writer.enumeration(type) }
      for nested in message.nestedType where !(nested.options?.mapEntry ?? false) {
        writer.message(nested, isProto3: isProto3)
      }
    }
  }

  private mutating func enumeration(_ type: Google_Protobuf_EnumDescriptorProto) {
    block("enum \(type.name ?? "")") { writer in
      for value in type.value { writer.line("\(value.name ?? "") = \(value.number ?? 0);") }
    }
  }

  private static func field(
    _ field: Google_Protobuf_FieldDescriptorProto, _ entries: [Google_Protobuf_DescriptorProto], isProto3: Bool
  ) -> String {
    let name = "\(field.name ?? "") = \(field.number ?? 0);"
    if field.label == .repeated {
      let entry = entries.first { "." + ($0.name ?? "") == (field.typeName ?? "").suffix(($0.name ?? "").count + 1) }
      guard let entry, entry.field.count == 2 else { return "repeated \(type(field)) \(name)" }
      return "map<\(type(entry.field[0])), \(type(entry.field[1]))> \(name)"
    }
    let label =
      switch field.label {
      case .required?: "required "
      case .optional? where field.proto3Optional ?? false || !isProto3: "optional "
      default: ""
      }
    return "\(label)\(type(field)) \(name)"
  }

  private static func type(_ field: Google_Protobuf_FieldDescriptorProto) -> String {
    switch field.type {
    case .message?, .enum?, .group?, nil: MethodCatalog.absolute(field.typeName)
    case let scalar?: "\(scalar)"
    }
  }

  // MARK: Lines

  private mutating func line(_ content: String) {
    text += String(repeating: "  ", count: depth) + content + "\n"
  }

  private mutating func block(_ head: String, _ body: (inout ProtoText) -> Void) {
    line("\(head) {")
    depth += 1
    body(&self)
    depth -= 1
    line("}")
  }
}
