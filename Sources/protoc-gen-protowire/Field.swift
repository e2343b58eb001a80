import ProtoWire

/// A field of a message, with all that is to be known to write its code.
struct Field {
  /// What one value is.
  enum Element {
    /// The name of the codec.
    case scalar(String)
    case openEnum, closedEnum
    case message, group
  }

  enum Cardinality {
    /// Absent when it has its default.
    case implicit
    case optional
    case repeated(isPacked: Bool)
    case map(key: String, keyType: String)
    /// Index of the oneof.
    case oneof(Int)
  }

  let descriptor: Google_Protobuf_FieldDescriptorProto
  let number: UInt32
  /// Not escaped.
  let name: String
  let element: Element
  /// Swift's type of one value, or of a map's values.
  let type: String
  let cardinality: Cardinality
  /// In Swift, for implicit fields.
  let defaultValue: String
  let isBoxed: Bool
  let isRequired: Bool

  /// As a member of its message or, in a oneof, of its enum.
  var member: String { Names.member(name) }

  /// The codec's name in Swift.
  var codec: String {
    switch element {
    case .scalar(let codec): codec
    case .openEnum: "WireOpenEnum<\(type)>"
    case .closedEnum: "WireClosedEnumValue<\(type)>"
    case .message, .group: "WireSubmessage<\(type)>"
    }
  }

  var isMessage: Bool {
    switch element {
    case .message, .group: true
    case .scalar, .openEnum, .closedEnum: false
    }
  }

  /// Full name of the message that one value, or a map's value, is.
  func messageType(in schema: Schema) -> String? {
    guard case .map = cardinality else { return descriptor.typeName }
    return schema.messages[descriptor.typeName ?? ""]?.descriptor.field.last?.typeName
  }

  /// The tag in decimal, as code has it.
  func tag(_ type: WireType) -> String {
    String(WireTag.make(number, type))
  }

  /// The wire type of one value.
  var wireType: WireType { element.wireType }
}

extension Field.Element {
  var wireType: WireType {
    switch self {
    case .scalar("WireDouble"), .scalar("WireFixed64"), .scalar("WireSFixed64"): .fixed64
    case .scalar("WireFloat"), .scalar("WireFixed32"), .scalar("WireSFixed32"): .fixed32
    case .scalar("WireString"), .scalar("WireUncheckedString"), .scalar("WireBytes"): .delimited
    case .scalar, .openEnum, .closedEnum: .varint
    case .message: .delimited
    case .group: .startGroup
    }
  }
}

extension Field {
  /// - Parameters:
  ///   - message: whose field it is; nil for an extension, which is stored in none.
  ///   - features: those of the message, or of the scope that declares the extension.
  init(
    _ descriptor: Google_Protobuf_FieldDescriptorProto, name: String, of message: String?, features: Features,
    in schema: Schema
  ) throws(GeneratorError) {
    self.descriptor = descriptor
    self.name = name
    let scope = message ?? descriptor.extendee ?? ""
    guard let number = descriptor.number, let declared = descriptor.type, number > 0 else {
      throw GeneratorError("field \(descriptor.name ?? "without name") of \(scope) has no number or type")
    }
    self.number = UInt32(number)
    let features = features.applying(descriptor.options?.features)

    // A map is a repeated field of entry messages.
    if declared == .message, descriptor.label == .repeated,
      case let entry = try schema.message(descriptor.typeName), entry.isMapEntry,
      let keyField = entry.descriptor.field.first, let valueField = entry.descriptor.field.last
    {
      let entryName = descriptor.typeName ?? ""
      let key = try Element.make(keyField, features, schema)
      let value = try Element.make(valueField, schema.message(entryName).features, schema)
      guard case .scalar(let keyCodec) = key.element else {
        throw GeneratorError("map \(name) of \(scope) has no scalar key")
      }
      (element, type) = (value.element, value.type)
      cardinality = .map(key: keyCodec, keyType: key.type)
      defaultValue = "[:]"
      isBoxed = false
      isRequired = false
      return
    }

    let made = try Element.make(descriptor, features, schema)
    (element, type) = (made.element, made.type)
    var canBeImplicit = true
    if case .message = element { canBeImplicit = false }
    if case .group = element { canBeImplicit = false }
    if descriptor.label == .repeated {
      let isPackable = made.element.wireType != .delimited && made.element.wireType != .startGroup
      cardinality = .repeated(isPacked: isPackable && descriptor.options?.packed ?? features.isPacked)
      defaultValue = "[]"
    } else if let oneof = descriptor.oneofIndex, descriptor.proto3Optional != true {
      cardinality = .oneof(Int(oneof))
      defaultValue = "nil"
    } else if canBeImplicit, features.presence == .implicit, descriptor.proto3Optional != true, message != nil {
      cardinality = .implicit
      defaultValue = made.defaultValue
    } else {
      cardinality = .optional
      defaultValue = "nil"
    }
    var canRecur = false
    if let message, !canBeImplicit, descriptor.label != .repeated {
      canRecur = schema.contains(descriptor.typeName ?? "", message)
    }
    isBoxed = canRecur
    isRequired = message != nil && descriptor.isRequired(features)
  }
}

extension Google_Protobuf_FieldDescriptorProto {
  /// Whether readers refuse a message without the field. `features` are the field's own.
  func isRequired(_ features: Features) -> Bool {
    label == .required || (features.presence == .required && label != .repeated && oneofIndex == nil)
  }
}

extension Field.Element {
  /// The element, its Swift type and its default.
  fileprivate static func make(
    _ field: Google_Protobuf_FieldDescriptorProto, _ features: Features, _ schema: Schema
  ) throws(GeneratorError) -> (element: Self, type: String, defaultValue: String) {
    switch field.type {
    case .double: (.scalar("WireDouble"), "Double", "0")
    case .float: (.scalar("WireFloat"), "Float", "0")
    case .int64: (.scalar("WireInt64"), "Int64", "0")
    case .uint64: (.scalar("WireUInt64"), "UInt64", "0")
    case .int32: (.scalar("WireInt32"), "Int32", "0")
    case .fixed64: (.scalar("WireFixed64"), "UInt64", "0")
    case .fixed32: (.scalar("WireFixed32"), "UInt32", "0")
    case .bool: (.scalar("WireBool"), "Bool", "false")
    case .string: (.scalar(features.validatesUTF8 ? "WireString" : "WireUncheckedString"), "String", "\"\"")
    case .bytes: (.scalar("WireBytes"), "[UInt8]", "[]")
    case .uint32: (.scalar("WireUInt32"), "UInt32", "0")
    case .sfixed32: (.scalar("WireSFixed32"), "Int32", "0")
    case .sfixed64: (.scalar("WireSFixed64"), "Int64", "0")
    case .sint32: (.scalar("WireSInt32"), "Int32", "0")
    case .sint64: (.scalar("WireSInt64"), "Int64", "0")
    case .group: (.group, try schema.message(field.typeName).swiftName, "nil")
    case .message:
      (features.isDelimited ? .group : .message, try schema.message(field.typeName).swiftName, "nil")
    case .enum:
      try makeEnum(schema.enumeration(field.typeName))
    case nil: throw GeneratorError("a field has no type")
    }
  }

  private static func makeEnum(
    _ type: Schema.Enum
  ) -> (element: Self, type: String, defaultValue: String) {
    (type.isClosed ? .closedEnum : .openEnum, type.swiftName, type.cases.first.map { "." + $0 } ?? ".init()")
  }
}
