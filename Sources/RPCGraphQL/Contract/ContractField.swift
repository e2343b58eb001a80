import ProtoWire
import RPCCore

/// A field as its descriptor has it.
struct ContractField {
  typealias Kind = Google_Protobuf_FieldDescriptorProto.TypeEnum

  /// As in the .proto file: `create_time`.
  let name: String
  /// As in JSON and in GraphQL: `createTime`.
  let jsonName: String
  let number: Int32
  let kind: Kind
  /// Of a message or an enum.
  let typeName: String
  let isRepeated: Bool
  let isMap: Bool
  /// Whether it can be absent.
  let hasPresence: Bool
  let isDeprecated: Bool
  let behaviors: [Google_Api_FieldBehavior]
  let option: Rpcgraphql_V1_ObjectField
  let fullName: String

  /// - Parameter hasPresence: whether scalars of the file have it.
  init(
    _ field: Google_Protobuf_FieldDescriptorProto, in message: String, _ mapEntries: Set<String>, hasPresence: Bool
  ) throws(WireError) {
    name = field.name ?? ""
    jsonName = field.jsonName ?? name
    number = field.number ?? 0
    kind = field.type ?? .message
    typeName = ContractTypes.absolute(field.typeName)
    isRepeated = field.label == .repeated
    isMap = mapEntries.contains(typeName)
    self.hasPresence =
      !isRepeated && (hasPresence || field.oneofIndex != nil || kind == .message || kind == .group)
    isDeprecated = field.options?.deprecated ?? false
    behaviors = try field.options?.Google_Api_fieldBehavior ?? []
    option = try field.options?.Rpcgraphql_V1_field ?? .init()
    fullName = "\(message).\(name)"
  }

  var isMask: Bool { typeName == "google.protobuf.FieldMask" }
  /// Only the server sets it.
  var isOutputOnly: Bool { behaviors.contains(.outputOnly) }
  var isIdentifier: Bool { behaviors.contains(.identifier) }
  var isRequired: Bool { behaviors.contains(.required) }
  var isEtag: Bool { name == "etag" && kind == .string && !isRepeated }
  /// An object with fields of its own, in inputs.
  var isPlainMessage: Bool { kind == .message && !isRepeated && WellKnownScalar(typeName) == nil }
}
