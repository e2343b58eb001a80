import ProtoWire
import RPCCore

/// A field as its descriptor has it, for binding parameters to it and for documenting it.
struct FieldType: Sendable {
  typealias Kind = Google_Protobuf_FieldDescriptorProto.TypeEnum

  /// As in the .proto file: `create_time`.
  let name: String
  /// As in JSON: `createTime`.
  let jsonName: String
  let number: Int32
  let kind: Kind
  /// Of a message or an enum, without a dot before it; empty for other kinds.
  let typeName: String
  let isRepeated: Bool
  /// A map: `typeName` is that of its entries.
  let isMap: Bool
  /// The index of the oneof that the field belongs to; nil for none, and for the synthetic one of `optional`.
  let oneof: Int?
  /// `google.api.field_behavior`.
  let behaviors: [Google_Api_FieldBehavior]
  /// What its option `rpcgateway.v1.schema` says for documents.
  let schema: Rpcgateway_V1_FieldSchema?
  let isDeprecated: Bool
  /// The same field of another message is another symbol.
  let fullName: String

  /// A message, and not one whose JSON is something else than an object of its fields.
  var isPlainMessage: Bool { kind == .message && !isRepeated && WellKnown(typeName) == nil }

  /// Only the server sets it.
  var isOutputOnly: Bool { behaviors.contains(.outputOnly) }
  var isRequired: Bool { behaviors.contains(.required) }
}

/// Types whose JSON is not an object of their fields. https://protobuf.dev/programming-guides/json/
enum WellKnown: Sendable {
  case timestamp, duration, fieldMask, any, structure, value, list, empty
  /// A wrapper such as google.protobuf.StringValue: the kind of its value.
  case wrapper(FieldType.Kind)

  init?(_ typeName: String) {
    switch typeName {
    case "google.protobuf.Timestamp": self = .timestamp
    case "google.protobuf.Duration": self = .duration
    case "google.protobuf.FieldMask": self = .fieldMask
    case "google.protobuf.Any": self = .any
    case "google.protobuf.Struct": self = .structure
    case "google.protobuf.Value": self = .value
    case "google.protobuf.ListValue": self = .list
    case "google.protobuf.Empty": self = .empty
    case "google.protobuf.DoubleValue": self = .wrapper(.double)
    case "google.protobuf.FloatValue": self = .wrapper(.float)
    case "google.protobuf.Int64Value": self = .wrapper(.int64)
    case "google.protobuf.UInt64Value": self = .wrapper(.uint64)
    case "google.protobuf.Int32Value": self = .wrapper(.int32)
    case "google.protobuf.UInt32Value": self = .wrapper(.uint32)
    case "google.protobuf.BoolValue": self = .wrapper(.bool)
    case "google.protobuf.StringValue": self = .wrapper(.string)
    case "google.protobuf.BytesValue": self = .wrapper(.bytes)
    default: return nil
    }
  }
}
