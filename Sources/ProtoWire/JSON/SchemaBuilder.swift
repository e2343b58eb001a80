/// Gathers descriptors, then compiles them to the arrays of `SchemaTables`.
struct SchemaBuilder {
  private typealias Descriptor = Google_Protobuf_DescriptorProto

  private var fileNames: Set<String> = []
  private var descriptors: [(name: String, descriptor: Descriptor, features: SchemaFeatures)] = []
  private var extensions: [(scope: String, field: Google_Protobuf_FieldDescriptorProto, features: SchemaFeatures)] = []
  private(set) var messageIndices: [String: Int] = [:]
  private var enumIndices: [String: Int] = [:]

  private(set) var messages: [MessageSchema] = []
  private(set) var fields: [FieldSchema] = []
  private(set) var enums: [EnumSchema] = []
  private(set) var values: [EnumValueSchema] = []
  private(set) var slots: [Int16] = []
  private(set) var names: [NameEntry] = []
  private(set) var text: [UInt8] = []

  // MARK: Gathering

  mutating func add(_ file: ProtoFile) throws(JSONError) {
    guard fileNames.insert(file.name).inserted else { return }
    for dependency in file.dependencies { try add(dependency) }
    let descriptor: Google_Protobuf_FileDescriptorProto
    do throws(WireError) {
      descriptor = try Google_Protobuf_FileDescriptorProto(wireBytes: file.serialized)
    } catch {
      throw JSONError(.wire, "\(file.name) is no descriptor: \(error)")
    }
    let scope = descriptor.package.map { $0.isEmpty ? "" : $0 + "." } ?? ""
    let features = SchemaFeatures(of: descriptor)
    for message in descriptor.messageType { add(message, scope: scope, features: features) }
    for type in descriptor.enumType { add(type, scope: scope, features: features) }
    for field in descriptor.extension { extensions.append((scope, field, features)) }
  }

  private mutating func add(_ message: Descriptor, scope: String, features: SchemaFeatures) {
    let name = scope + (message.name ?? "")
    let features = features.applying(message.options?.features)
    messageIndices[name] = descriptors.count
    descriptors.append((name, message, features))
    for nested in message.nestedType { add(nested, scope: name + ".", features: features) }
    for type in message.enumType { add(type, scope: name + ".", features: features) }
    for field in message.extension { extensions.append((name + ".", field, features)) }
  }

  private mutating func add(_ type: Google_Protobuf_EnumDescriptorProto, scope: String, features: SchemaFeatures) {
    let name = scope + (type.name ?? "")
    enumIndices[name] = enums.count
    var schema = EnumSchema()
    schema.isNull = name == "google.protobuf.NullValue"
    schema.isClosed = !features.applying(type.options?.features).isOpen
    schema.defaultNumber = type.value.first?.number ?? 0
    schema.firstValue = Int32(values.count)
    var entries: [(name: TextRange, value: Int32)] = []
    var compiled: [EnumValueSchema] = []
    for value in type.value {
      let quoted = append("\"" + (value.name ?? "") + "\"")
      entries.append((TextRange(start: quoted.start + 1, count: quoted.count - 2), value.number ?? 0))
      compiled.append(EnumValueSchema(number: value.number ?? 0, name: quoted))
    }
    schema.names = appendTable(entries)
    // Of aliases the first declared is printed.
    var seen: Set<Int32> = []
    compiled = compiled.filter { seen.insert($0.number).inserted }.sorted { $0.number < $1.number }
    schema.valueCount = Int32(compiled.count)
    values += compiled
    enums.append(schema)
  }

  // MARK: Compiling

  mutating func compile() throws(JSONError) {
    var extensionsOf:
      [String: [(scope: String, field: Google_Protobuf_FieldDescriptorProto, features: SchemaFeatures)]] = [:]
    for item in extensions { extensionsOf[Self.absolute(item.field.extendee), default: []].append(item) }
    let mapEntries = Set(descriptors.filter { $0.descriptor.options?.mapEntry ?? false }.map(\.name))
    for (name, descriptor, features) in descriptors {
      var schema = MessageSchema()
      schema.kind = MessageKind(fullName: name)
      schema.isMessageSet = descriptor.options?.messageSetWireFormat ?? false
      var compiled: [FieldSchema] = []
      for field in descriptor.field {
        // The oneof around a proto3 optional field is not a real one.
        let hasOneof = field.oneofIndex != nil && !(field.proto3Optional ?? false)
        let jsonName = field.jsonName ?? Self.camelCase(field.name ?? "")
        var result = try compile(field, features, mapEntries, inEntry: mapEntries.contains(name))
        result.oneof = hasOneof ? field.oneofIndex ?? -1 : -1
        result.hasPresence = result.hasPresence || hasOneof
        result.jsonKey = append("\"" + jsonName + "\":")
        result.protoKey = jsonName == field.name ? result.jsonKey : append("\"" + (field.name ?? "") + "\":")
        compiled.append(result)
      }
      for item in extensionsOf[name] ?? [] {
        var result = try compile(item.field, item.features, mapEntries, inEntry: false)
        result.jsonKey = append("\"[" + item.scope + (item.field.name ?? "") + "]\":")
        result.protoKey = result.jsonKey
        result.hasPresence = true
        compiled.append(result)
      }
      compiled.sort { $0.number < $1.number }
      guard compiled.count < Int16.max else { throw JSONError(.limit, "a message has too many fields") }
      schema.hasRequired = compiled.contains(where: \.isRequired)
      schema.firstField = Int32(fields.count)
      schema.fieldCount = Int32(compiled.count)
      appendSlots(of: compiled, to: &schema)
      var entries: [(name: TextRange, value: Int32)] = []
      for (index, field) in compiled.enumerated() {
        entries.append((Self.nameRange(field.jsonKey), Int32(index)))
        if field.protoKey.start != field.jsonKey.start {
          entries.append((Self.nameRange(field.protoKey), Int32(index)))
        }
      }
      schema.names = appendTable(entries)
      fields += compiled
      messages.append(schema)
    }
  }

  private func compile(
    _ field: Google_Protobuf_FieldDescriptorProto, _ outer: SchemaFeatures, _ mapEntries: Set<String>, inEntry isEntry: Bool
  ) throws(JSONError) -> FieldSchema {
    let features = outer.applying(field.options?.features)
    guard let number = field.number, number > 0, let type = field.type,
      var kind = FieldKind(rawValue: UInt8(truncatingIfNeeded: type.rawValue))
    else { throw JSONError(.wire, "a field's descriptor lacks its number or type") }
    var result = FieldSchema()
    let typeName = Self.absolute(field.typeName)
    result.number = UInt32(number)
    result.isRepeated = field.label == .repeated
    result.isRequired = field.label == .required || features.presence == .legacyRequired
    if kind.isMessage || kind == .enum {
      guard let index = kind == .enum ? enumIndices[typeName] : messageIndices[typeName] else {
        throw JSONError(.unknownType, "\(typeName), the type of a field, is in none of the files")
      }
      result.child = Int32(index)
    }
    result.isMap = kind == .message && result.isRepeated && mapEntries.contains(typeName)
    // Neither a map's entries nor the messages in them are ever delimited by tags.
    if kind == .message, features.isDelimited, !result.isMap, !isEntry { kind = .group }
    result.kind = kind
    result.isUTF8 = features.isUTF8
    result.isClosedEnum = kind == .enum && enums[Int(result.child)].isClosed
    result.isPacked = result.isRepeated && kind.isPackable && field.options?.packed ?? features.isPacked
    result.hasPresence =
      !result.isRepeated
      && (kind.isMessage || features.presence != .implicit || field.proto3Optional ?? false)
    return result
  }

  // MARK: Tables

  private mutating func appendSlots(of compiled: [FieldSchema], to schema: inout MessageSchema) {
    let limit = UInt32(compiled.count * 4 + 64)
    let largest = compiled.last(where: { $0.number < limit })?.number
    schema.firstNumber = Int32(slots.count)
    schema.numberCount = largest.map { Int32($0) + 1 } ?? 0
    slots += [Int16](repeating: -1, count: Int(schema.numberCount))
    for (index, field) in compiled.enumerated() where field.number < UInt32(schema.numberCount) {
      slots[Int(schema.firstNumber) + Int(field.number)] = Int16(index)
    }
  }

  private mutating func appendTable(_ entries: [(name: TextRange, value: Int32)]) -> NameTable {
    var size = 2
    while size < entries.count * 2 { size *= 2 }
    let table = NameTable(first: Int32(names.count), mask: UInt32(size - 1))
    names += [NameEntry](repeating: NameEntry(), count: size)
    for entry in entries {
      var slot = text.withUnsafeBufferPointer { SchemaTables.hash($0[entry.name]) } & table.mask
      while names[Int(table.first) + Int(slot)].isUsed { slot = (slot + 1) & table.mask }
      names[Int(table.first) + Int(slot)] = NameEntry(text: entry.name, value: entry.value, isUsed: true)
    }
    return table
  }

  private mutating func append(_ string: String) -> TextRange {
    let start = text.count
    text += string.utf8
    return TextRange(start: UInt32(start), count: UInt32(text.count - start))
  }

  /// A key without its quotes and colon.
  private static func nameRange(_ key: TextRange) -> TextRange {
    TextRange(start: key.start + 1, count: key.count - 3)
  }

  /// Names of types in descriptors begin with a dot.
  private static func absolute(_ name: String?) -> String {
    guard let name else { return "" }
    return name.hasPrefix(".") ? String(name.dropFirst()) : name
  }

  /// protoc's rule for a field without json_name.
  static func camelCase(_ name: String) -> String {
    var result = ""
    var isUpper = false
    for character in name.unicodeScalars {
      if character == "_" {
        isUpper = true
      } else {
        result += isUpper ? String(character).uppercased() : String(character)
        isUpper = false
      }
    }
    return result
  }
}
