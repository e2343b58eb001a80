import ProtoWire

/// Schemas of numbers, texts and bytes, as ProtoJSON writes them.
/// https://protobuf.dev/programming-guides/json/
enum ScalarSchema {
  /// - Parameter isInput: what a client should send, which is narrower than what is read.
  static func schema(_ kind: FieldType.Kind, isInput: Bool) -> JSONValue {
    switch kind {
    case .bool: .object(["type": "boolean"])
    case .string: .object(["type": "string"])
    case .bytes:
      .object(["type": "string", "contentEncoding": "base64", "format": "byte", "pattern": isInput ? base64 : nil])
    case .int32, .sint32, .sfixed32:
      .object(["type": "integer", "format": "int32", "minimum": -2_147_483_648, "maximum": 2_147_483_647])
    case .uint32, .fixed32: .object(["type": "integer", "format": "uint32", "minimum": 0, "maximum": 4_294_967_295])
    // Numbers of JavaScript have 53 bits.
    case .int64, .sint64, .sfixed64:
      .object([
        "type": "string", "format": "int64", "pattern": isInput ? "^-?(0|[1-9][0-9]{0,17})$" : "^-?[0-9]{1,19}$",
      ])
    case .uint64, .fixed64:
      .object(["type": "string", "format": "uint64", "pattern": isInput ? "^(0|[1-9][0-9]{0,18})$" : "^[0-9]{1,20}$"])
    case .double, .float:
      isInput
        ? .object(["type": "number", "format": kind == .double ? "double" : "float"])
        : .object([
          "anyOf": [
            .object(["type": "number", "format": kind == .double ? "double" : "float"]),
            .object(["enum": ["NaN", "Infinity", "-Infinity"]]),
          ]
        ])
    default: .object([JSONValue.Member]())
    }
  }

  private static let base64: JSONValue = "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"
}
