extension JSONPrinter {
  /// Messages that have JSON of their own. <https://protobuf.dev/programming-guides/json/#json>
  mutating func wellKnown(
    _ kind: MessageKind, _ bytes: UnsafeBufferPointer<UInt8>, _ index: Int
  ) throws(JSONError) {
    switch kind {
    case .timestamp:
      let (seconds, nanos) = try secondsAndNanos(bytes)
      try JSONTime.print(timestamp: seconds, nanos, to: &output)
    case .duration:
      let (seconds, nanos) = try secondsAndNanos(bytes)
      try JSONTime.print(duration: seconds, nanos, to: &output)
    case .fieldMask: try fieldMask(bytes)
    case .any: try any(bytes)
    case .structure, .listValue, .value, .wrapper, .plain:
      let message = tables.messages[index]
      if try MessageShape(of: bytes, message: message, tables: tables, depthLeft: depthLeft).isNormal {
        try soleField(kind, bytes, message)
      } else {
        try normalized(bytes, message) { (printer, bytes) throws(JSONError) in
          try printer.soleField(kind, bytes, message)
        }
      }
    }
  }

  /// Struct, ListValue, Value and the wrappers are what their one field is.
  private mutating func soleField(
    _ kind: MessageKind, _ bytes: UnsafeBufferPointer<UInt8>, _ message: MessageSchema
  ) throws(JSONError) {
    var cursor = WireCursor(bytes)
    guard let field = try tables.nextField(&cursor, of: message, depthLeft: depthLeft) else {
      switch kind {
      case .structure: return output.append("{}")
      case .listValue: return output.append("[]")
      case .value: throw JSONError(.invalidValue, "a google.protobuf.Value has no kind")
      default:
        return message.fieldCount > 0 ? try defaultValue(tables.fields[Int(message.firstField)]) : output.append("{}")
      }
    }
    if field.schema.isMap {
      _ = try map(&cursor, field, of: message)
    } else if field.schema.isRepeated {
      _ = try array(&cursor, field, of: message)
    } else {
      if kind == .value, field.schema.kind == .double {
        var number = cursor
        guard Double(bitPattern: try number.jsonFixed64()).isFinite else {
          throw JSONError(.outOfRange, "the number of a google.protobuf.Value is not finite")
        }
      }
      _ = try value(&cursor, field.schema)
    }
  }

  private func secondsAndNanos(_ bytes: UnsafeBufferPointer<UInt8>) throws(JSONError) -> (Int64, Int32) {
    var cursor = WireCursor(bytes)
    var seconds: Int64 = 0
    var nanos: Int32 = 0
    while let tag = try cursor.jsonTag() {
      switch tag {
      case WireTag.make(1, .varint): seconds = Int64(bitPattern: try cursor.jsonVarint())
      case WireTag.make(2, .varint): nanos = Int32(truncatingIfNeeded: try cursor.jsonVarint())
      default: try cursor.jsonSkip(tag, depthLeft: depthLeft)
      }
    }
    return (seconds, nanos)
  }

  // MARK: FieldMask

  /// Paths in lowerCamelCase, with commas between. A path that would not read back as it was has no JSON.
  private mutating func fieldMask(_ bytes: UnsafeBufferPointer<UInt8>) throws(JSONError) {
    var cursor = WireCursor(bytes)
    output.append(UInt8(ascii: "\""))
    var isFirst = true
    while let tag = try cursor.jsonTag() {
      guard tag == WireTag.make(1, .delimited) else {
        try cursor.jsonSkip(tag, depthLeft: depthLeft)
        continue
      }
      if !isFirst { output.append(UInt8(ascii: ",")) }
      isFirst = false
      var isUpper = false
      let path = try cursor.jsonDelimited()
      guard !path.isEmpty else { throw JSONError(.invalidValue, "a path of a google.protobuf.FieldMask is empty") }
      for byte in path {
        switch byte {
        case UInt8(ascii: "_") where !isUpper:
          isUpper = true
          continue
        case UInt8(ascii: "a")...UInt8(ascii: "z"):
          output.append(isUpper ? byte &- 0x20 : byte)
        case UInt8(ascii: "0")...UInt8(ascii: "9") where !isUpper, UInt8(ascii: ".") where !isUpper:
          output.append(byte)
        default: throw JSONError(.invalidValue, "a path of a google.protobuf.FieldMask is not in lower_snake_case")
        }
        isUpper = false
      }
      if isUpper { throw JSONError(.invalidValue, "a path of a google.protobuf.FieldMask ends with an underscore") }
    }
    output.append(UInt8(ascii: "\""))
  }

  // MARK: Any

  private mutating func any(_ bytes: UnsafeBufferPointer<UInt8>) throws(JSONError) {
    var cursor = WireCursor(bytes)
    let nothing = UnsafeBufferPointer<UInt8>(start: nil, count: 0)
    var url = nothing
    var content = nothing
    while let tag = try cursor.jsonTag() {
      switch tag {
      case WireTag.make(1, .delimited): url = try cursor.jsonDelimited()
      case WireTag.make(2, .delimited): content = try cursor.jsonDelimited()
      default: try cursor.jsonSkip(tag, depthLeft: depthLeft)
      }
    }
    if url.isEmpty, content.isEmpty { return output.append("{}") }
    guard let index = pool.messageIndex(typeURL: url) else {
      throw JSONError(.unknownType, "the type of a google.protobuf.Any is not known")
    }
    output.append("{\"@type\":")
    try string(url)
    output.append(UInt8(ascii: ","))
    if tables.messages[index].kind == .plain {
      guard depthLeft >= 0 else { throw JSONError(.limit, "messages are nested too deep") }
      depthLeft &-= 1
      try members(content, index)
      depthLeft &+= 1
    } else {
      output.append("\"value\":")
      try message(content, index)
    }
    output.close(UInt8(ascii: "}"))
  }
}
