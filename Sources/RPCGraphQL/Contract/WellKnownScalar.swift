import ProtoWire

/// Messages that are values of scalars: their JSON is no object of their fields.
/// https://protobuf.dev/programming-guides/json/
enum WellKnownScalar: Equatable {
  case dateTime, duration, json
  /// google.protobuf.StringValue and so on, by the kind of the value.
  case wrapper(ContractField.Kind)

  init?(_ typeName: String) {
    switch typeName {
    case "google.protobuf.Timestamp": self = .dateTime
    case "google.protobuf.Duration": self = .duration
    case "google.protobuf.Struct", "google.protobuf.Value", "google.protobuf.ListValue", "google.protobuf.Any",
      "google.protobuf.FieldMask":
      self = .json
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

/// The scalars beside the built-in ones.
enum CustomScalar: String, CaseIterable {
  case dateTime = "DateTime"
  case duration = "Duration"
  case int64 = "Int64"
  case bytes = "Bytes"
  case json = "JSON"

  var type: SchemaType {
    SchemaType(.scalar, rawValue, description: description, specification: specification)
  }

  private var description: String {
    switch self {
    case .dateTime: "A moment, by RFC 3339: `2026-11-30T20:15:00Z`. In answers in UTC."
    case .duration: "A span of time, in seconds: `1.5s`."
    case .int64: "A whole number of up to 64 bits, as a text, since JavaScript's numbers can't hold it: `\"42\"`."
    case .bytes: "Bytes, in base64."
    case .json: "Any JSON."
    }
  }

  private var specification: String? {
    switch self {
    case .dateTime: "https://www.rfc-editor.org/rfc/rfc3339"
    case .bytes: "https://www.rfc-editor.org/rfc/rfc4648#section-4"
    case .json: "https://www.rfc-editor.org/rfc/rfc8259"
    case .duration, .int64: nil
    }
  }
}
