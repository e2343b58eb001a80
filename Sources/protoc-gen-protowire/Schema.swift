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

  /// A field that is declared outside the message that it belongs to.
  struct Extension {
    let descriptor: Google_Protobuf_FieldDescriptorProto
    /// Without a dot before it.
    let fullName: String
    /// Behind the names of its package and of the messages that declare it, so that those of many files do not meet.
    let swiftName: String
    let features: Features
    /// Where its comment is.
    let path: [Int32]
  }

  private(set) var messages: [String: Message] = [:]
  private(set) var enums: [String: Enum] = [:]
  private var files: [String: Google_Protobuf_FileDescriptorProto] = [:]

  init(_ files: [Google_Protobuf_FileDescriptorProto]) {
    for file in files {
      self.files[file.name ?? ""] = file
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

    /// Names of types within the scope, in their order.
    func swiftNames(of names: [String], suffixes: [String]) -> [String] {
      let names = Names.types(names, prefix: prefix, suffixes: suffixes)
      return swiftName.map { swiftName in names.map { swiftName + "." + $0 } } ?? names
    }
  }

  private mutating func add(
    messages: [Google_Protobuf_DescriptorProto], enums: [Google_Protobuf_EnumDescriptorProto], in scope: Scope
  ) {
    let swiftNames = scope.swiftNames(
      of: enums.map { $0.name ?? "" } + messages.map { $0.name ?? "" },
      suffixes: enums.map { _ in "Enum" } + messages.map { _ in "Message" })
    for (descriptor, swiftName) in zip(enums, swiftNames) {
      let name = descriptor.name ?? ""
      self.enums[scope.fullName + "." + name] = Enum(
        descriptor: descriptor, swiftName: swiftName, file: scope.file,
        isClosed: scope.features.applying(descriptor.options?.features).hasClosedEnums,
        cases: Names.cases(of: descriptor.value.map { ($0.name ?? "", $0.number ?? 0) }, in: name))
    }
    for (descriptor, swiftName) in zip(messages, swiftNames.dropFirst(enums.count)) {
      let name = descriptor.name ?? ""
      let message = Message(
        descriptor: descriptor, swiftName: swiftName, file: scope.file,
        features: scope.features.applying(descriptor.options?.features))
      self.messages[scope.fullName + "." + name] = message
      add(
        messages: descriptor.nestedType, enums: descriptor.enumType,
        in: Scope(
          fullName: scope.fullName + "." + name, swiftName: message.swiftName, prefix: "", file: scope.file,
          features: message.features))
    }
  }

  /// The extensions that a file declares, those inside its messages last.
  func extensions(of file: Google_Protobuf_FileDescriptorProto) -> [Extension] {
    var found: [Extension] = []
    func add(
      _ fields: [Google_Protobuf_FieldDescriptorProto], _ scope: String, _ prefix: String, _ features: Features,
      _ path: [Int32]
    ) {
      for (index, field) in fields.enumerated() {
        let name = field.name ?? ""
        found.append(
          Extension(
            descriptor: field, fullName: String((scope + "." + name).dropFirst()),
            swiftName: prefix + Names.lowerCamelCase(name), features: features, path: path + [Int32(index)]))
      }
    }
    func addNested(_ descriptors: [Google_Protobuf_DescriptorProto], _ scope: String, _ path: [Int32]) {
      for (index, descriptor) in descriptors.enumerated() {
        let name = scope + "." + (descriptor.name ?? "")
        guard let message = messages[name] else { continue }
        let path = path + [Int32(index)]
        let prefix = message.swiftName.split(separator: ".").joined(separator: "_") + "_"
        add(descriptor.extension, name, prefix, message.features, path + [6])
        addNested(descriptor.nestedType, name, path + [3])
      }
    }
    let package = file.package ?? ""
    let scope = package.isEmpty ? "" : "." + package
    let prefix = Names.typePrefix(package: package, swiftPrefix: file.options?.swiftPrefix)
    add(file.extension, scope, prefix, Features(file), [7])
    addNested(file.messageType, scope, [4])
    return found
  }

  func message(_ name: String?) throws(GeneratorError) -> Message {
    guard let message = messages[name ?? ""] else { throw GeneratorError("no message \(name ?? "without name")") }
    return message
  }

  func enumeration(_ name: String?) throws(GeneratorError) -> Enum {
    guard let found = enums[name ?? ""] else { throw GeneratorError("no enum \(name ?? "without name")") }
    return found
  }

  /// Whether a top-level type has the name in Swift.
  func hasType(_ swiftName: String) -> Bool {
    messages.values.contains { $0.swiftName == swiftName } || enums.values.contains { $0.swiftName == swiftName }
  }

  /// Names in Swift of the types right inside a message.
  func nestedTypes(of message: Message) -> [String] {
    let prefix = message.swiftName + "."
    let names = messages.values.map(\.swiftName) + enums.values.map(\.swiftName)
    return names.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
  }

  /// The files whose types a file can name: those that it imports, and what they import publicly.
  func visibleFiles(from file: Google_Protobuf_FileDescriptorProto) -> Set<String> {
    var visible: Set<String> = []
    var pending = file.dependency
    while let name = pending.popLast() {
      guard visible.insert(name).inserted, let file = files[name] else { continue }
      for index in file.publicDependency where file.dependency.indices.contains(Int(index)) {
        pending.append(file.dependency[Int(index)])
      }
    }
    return visible
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
