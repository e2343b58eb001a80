import ProtoWire
import RPCCore

/// All messages and enums that services refer to, as their descriptors have them.
struct ContractTypes {
  private(set) var messages: [String: ContractMessage] = [:]
  private(set) var enums: [String: Google_Protobuf_EnumDescriptorProto] = [:]
  /// Request and response of each method, by the method's full name with a slash.
  private(set) var methods: [String: (input: String, output: String)] = [:]
  private var files: Set<String> = []

  init(_ files: [ProtoFile]) throws(SchemaError) {
    for file in files { try add(file) }
  }

  private mutating func add(_ file: ProtoFile) throws(SchemaError) {
    guard files.insert(file.name).inserted else { return }
    for dependency in file.dependencies { try add(dependency) }
    let descriptor: Google_Protobuf_FileDescriptorProto
    do throws(WireError) {
      descriptor = try Google_Protobuf_FileDescriptorProto(wireBytes: file.serialized)
    } catch {
      throw SchemaError("\(file.name) is no descriptor: \(error)")
    }
    let package = descriptor.package ?? ""
    let scope = package.isEmpty ? "" : package + "."
    let hasPresence = descriptor.syntax != "proto3"
    for message in descriptor.messageType { try add(message, scope, [], hasPresence: hasPresence) }
    for type in descriptor.enumType { enums[scope + (type.name ?? "")] = type }
    for service in descriptor.service {
      for method in service.method {
        methods["\(scope)\(service.name ?? "")/\(method.name ?? "")"] = (
          Self.absolute(method.inputType), Self.absolute(method.outputType)
        )
      }
    }
  }

  private mutating func add(
    _ message: Google_Protobuf_DescriptorProto, _ scope: String, _ outer: [String], hasPresence: Bool
  ) throws(SchemaError) {
    let name = message.name ?? ""
    let fullName = scope + name
    let entries = Set(
      message.nestedType.filter { $0.options?.mapEntry ?? false }.map { "\(fullName).\($0.name ?? "")" })
    do throws(WireError) {
      let option = try message.options?.Rpcgraphql_V1_object ?? .init()
      var fields: [ContractField] = []
      for field in message.field {
        fields.append(try ContractField(field, in: fullName, entries, hasPresence: hasPresence))
      }
      messages[fullName] = ContractMessage(
        fullName: fullName, shortName: (outer + [name]).joined(), fields: fields, option: option)
    } catch {
      throw SchemaError("\(fullName): an option is malformed: \(error)")
    }
    for nested in message.nestedType {
      try add(nested, fullName + ".", outer + [name], hasPresence: hasPresence)
    }
    for type in message.enumType { enums["\(fullName).\(type.name ?? "")"] = type }
  }

  static func absolute(_ name: String?) -> String {
    guard let name else { return "" }
    return name.hasPrefix(".") ? String(name.dropFirst()) : name
  }
}

/// A message as its descriptor has it.
struct ContractMessage {
  let fullName: String
  /// Without the package; that of a nested message begins with those around it.
  let shortName: String
  let fields: [ContractField]
  let option: Rpcgraphql_V1_ObjectType
}
