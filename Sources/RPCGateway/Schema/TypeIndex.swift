import ProtoWire
import RPCCore

/// All types that a contract refers to, by full name.
struct TypeIndex: Sendable {
  private(set) var messages: [String: MessageType] = [:]
  private(set) var enums: [String: EnumType] = [:]
  /// The names of request and response of each method, by the method's full name with a slash.
  private(set) var methods: [String: (input: String, output: String, isDeprecated: Bool)] = [:]
  private var files: Set<String> = []

  init(_ files: [ProtoFile]) throws(GatewayError) {
    for file in files { try add(file) }
  }

  private mutating func add(_ file: ProtoFile) throws(GatewayError) {
    guard files.insert(file.name).inserted else { return }
    for dependency in file.dependencies { try add(dependency) }
    let descriptor: Google_Protobuf_FileDescriptorProto
    do throws(WireError) {
      descriptor = try Google_Protobuf_FileDescriptorProto(wireBytes: file.serialized)
    } catch {
      throw GatewayError("\(file.name) is no descriptor: \(error)")
    }
    let scope = descriptor.package.map { $0.isEmpty ? "" : $0 + "." } ?? ""
    for message in descriptor.messageType { try add(message, scope) }
    for type in descriptor.enumType { add(type, scope) }
    for service in descriptor.service {
      for method in service.method {
        methods["\(scope)\(service.name ?? "")/\(method.name ?? "")"] = (
          Self.absolute(method.inputType), Self.absolute(method.outputType), method.options?.deprecated ?? false
        )
      }
    }
  }

  private mutating func add(_ message: Google_Protobuf_DescriptorProto, _ scope: String) throws(GatewayError) {
    let name = scope + (message.name ?? "")
    let entries = Set(message.nestedType.filter { $0.options?.mapEntry ?? false }.map { "\(name).\($0.name ?? "")" })
    var fields: [FieldType] = []
    for field in message.field {
      let typeName = Self.absolute(field.typeName)
      let behaviors: [Google_Api_FieldBehavior]
      let schema: Rpcgateway_V1_FieldSchema?
      do throws(WireError) {
        behaviors = try field.options?.Google_Api_fieldBehavior ?? []
        schema = try field.options?.Rpcgateway_V1_schema
      } catch {
        throw GatewayError("\(name).\(field.name ?? ""): an option is malformed: \(error)")
      }
      fields.append(
        FieldType(
          name: field.name ?? "", jsonName: field.jsonName ?? field.name ?? "", number: field.number ?? 0,
          kind: field.type ?? .message, typeName: typeName, isRepeated: field.label == .repeated,
          isMap: entries.contains(typeName),
          oneof: field.proto3Optional ?? false ? nil : field.oneofIndex.map(Int.init), behaviors: behaviors,
          schema: schema,
          isDeprecated: field.options?.deprecated ?? false, fullName: "\(name).\(field.name ?? "")"))
    }
    // The oneofs behind `optional` come last.
    let synthetic = message.field.filter { $0.proto3Optional ?? false }.count
    messages[name] = MessageType(
      fullName: name, fields: fields, oneofs: message.oneofDecl.dropLast(synthetic).map { $0.name ?? "" },
      isDeprecated: message.options?.deprecated ?? false)
    for nested in message.nestedType { try add(nested, name + ".") }
    for type in message.enumType { add(type, name + ".") }
  }

  private mutating func add(_ type: Google_Protobuf_EnumDescriptorProto, _ scope: String) {
    let name = scope + (type.name ?? "")
    enums[name] = EnumType(fullName: name, values: type.value.map { $0.name ?? "" })
  }

  private static func absolute(_ name: String?) -> String {
    guard let name else { return "" }
    return name.hasPrefix(".") ? String(name.dropFirst()) : name
  }

  /// The most field names in a path with dots. A message that contains itself would allow any number.
  static let pathLimit = 32

  /// The fields that lead from a message to a field, by their names; nil if there is none, one before the last is no
  /// message, or there are too many.
  func resolve(_ names: [String], in message: String) -> [FieldType]? {
    guard names.count <= Self.pathLimit else { return nil }
    var path: [FieldType] = []
    var scope = messages[message]
    for name in names {
      guard let field = scope?.field(name) else { return nil }
      path.append(field)
      scope = field.isPlainMessage ? messages[field.typeName] : nil
    }
    return path.isEmpty ? nil : path
  }
}
