import ProtoWire

/// Every type of a request, by full name with a dot before it, as descriptors refer to them.
struct Schema {
  struct Message {
    let descriptor: Google_Protobuf_DescriptorProto
    let swiftName: String
    let file: String
    let features: Features
    var isMapEntry: Bool { descriptor.options?.mapEntry ?? false }
  }

  struct Enum {
    let descriptor: Google_Protobuf_EnumDescriptorProto
    let swiftName: String
    let file: String
    let isClosed: Bool
    /// Names of the cases, one for each value.
    let cases: [String]
  }

  private(set) var messages: [String: Message] = [:]
  private(set) var enums: [String: Enum] = [:]

  init(_ files: [Google_Protobuf_FileDescriptorProto]) {
    for file in files {
      let package = file.package ?? ""
      let prefix = Names.typePrefix(package: package, swiftPrefix: file.options?.swiftPrefix)
      let scope = Scope(
        fullName: package.isEmpty ? "" : "." + package, swiftName: nil, prefix: prefix, file: file.name ?? "",
        features: Features(file))
      add(messages: file.messageType, enums: file.enumType, in: scope)
    }
  }

  private struct Scope {
    let fullName: String
    let swiftName: String?
    let prefix: String
    let file: String
    let features: Features

    func swiftName(of name: String, suffix: String) -> String {
      guard let swiftName else { return Names.type(name, prefix: prefix, suffix: suffix) }
      return swiftName + "." + Names.type(name, prefix: "", suffix: suffix)
    }
  }

  private mutating func add(
    messages: [Google_Protobuf_DescriptorProto], enums: [Google_Protobuf_EnumDescriptorProto], in scope: Scope
  ) {
    for descriptor in enums {
      let name = descriptor.name ?? ""
      self.enums[scope.fullName + "." + name] = Enum(
        descriptor: descriptor, swiftName: scope.swiftName(of: name, suffix: "Enum"), file: scope.file,
        isClosed: scope.features.applying(descriptor.options?.features).hasClosedEnums,
        cases: Names.cases(of: descriptor.value.map { ($0.name ?? "", $0.number ?? 0) }, in: name))
    }
    for descriptor in messages {
      let name = descriptor.name ?? ""
      let message = Message(
        descriptor: descriptor, swiftName: scope.swiftName(of: name, suffix: "Message"), file: scope.file,
        features: scope.features.applying(descriptor.options?.features))
      self.messages[scope.fullName + "." + name] = message
      add(
        messages: descriptor.nestedType, enums: descriptor.enumType,
        in: Scope(
          fullName: scope.fullName + "." + name, swiftName: message.swiftName, prefix: "", file: scope.file,
          features: message.features))
    }
  }

  func message(_ name: String?) throws(GeneratorError) -> Message {
    guard let message = messages[name ?? ""] else { throw GeneratorError("no message \(name ?? "without name")") }
    return message
  }

  func enumeration(_ name: String?) throws(GeneratorError) -> Enum {
    guard let found = enums[name ?? ""] else { throw GeneratorError("no enum \(name ?? "without name")") }
    return found
  }

  /// Whether a message, or one that it can hold, has required fields.
  func hasRequiredFields(_ message: String) -> Bool {
    var seen: Set<String> = []
    var pending = [message]
    while let name = pending.popLast() {
      guard seen.insert(name).inserted, let message = messages[name] else { continue }
      for field in message.descriptor.field {
        if field.isRequired(message.features.applying(field.options?.features)) { return true }
        if let type = field.typeName { pending.append(type) }
      }
    }
    return false
  }

  /// Whether the storage of `target`, a singular field's type, would hold a `message` again: such a field needs a box.
  /// Repeated and map fields are behind a reference anyway.
  func contains(_ target: String, _ message: String) -> Bool {
    var seen: Set<String> = []
    var pending = [target]
    while let name = pending.popLast() {
      if name == message { return true }
      guard seen.insert(name).inserted else { continue }
      for field in messages[name]?.descriptor.field ?? [] where field.label != .repeated {
        if field.type == .message || field.type == .group, let type = field.typeName { pending.append(type) }
      }
    }
    return false
  }
}
