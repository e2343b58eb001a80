import ProtoWire
import RPCCore

/// The .proto files behind a server's services, by name and by the symbols that they declare.
struct ReflectionIndex: Sendable {
  /// Full names of the services, sorted.
  let services: [String]
  private var filesByName: [String: ProtoFile] = [:]
  private var fileNamesBySymbol: [String: String] = [:]
  private var extensions: [String: [Int32: String]] = [:]

  /// - Parameter types: files of messages that no method names but that travel in `Any`.
  init(_ descriptors: [ServiceDescriptor], types: [ProtoFile] = []) {
    services = descriptors.map(\.name).sorted()
    for descriptor in descriptors { add(descriptor.file) }
    for file in types { add(file) }
  }

  /// The file and everything it imports, serialized, the file itself first.
  func closure(ofFile name: String) -> [[UInt8]]? {
    guard let root = filesByName[name] else { return nil }
    var seen: Set<String> = []
    var pending = [root]
    var found: [[UInt8]] = []
    while let file = pending.popLast() {
      guard seen.insert(file.name).inserted else { continue }
      found.append(file.serialized)
      pending.append(contentsOf: file.dependencies)
    }
    return found
  }

  /// The file that declares a message, enum, service, method, field or extension.
  func file(containing symbol: String) -> String? { fileNamesBySymbol[symbol] }

  func file(extending type: String, number: Int32) -> String? { extensions[type]?[number] }

  /// The numbers of all extensions of a message; nil if there is no such message.
  func extensionNumbers(of type: String) -> [Int32]? {
    guard fileNamesBySymbol[type] != nil else { return nil }
    return extensions[type].map { $0.keys.sorted() } ?? []
  }

  private mutating func add(_ file: ProtoFile) {
    guard filesByName.updateValue(file, forKey: file.name) == nil else { return }
    for dependency in file.dependencies { add(dependency) }
    // The descriptors are this build's own; one that is damaged has no symbols, and is still served by its name.
    guard let descriptor = try? Google_Protobuf_FileDescriptorProto(wireBytes: file.serialized) else { return }
    let scope = descriptor.package ?? ""
    for service in descriptor.service {
      let name = declare(service.name, in: scope, file.name)
      for method in service.method { declare(method.name, in: name, file.name) }
    }
    for message in descriptor.messageType { add(message, in: scope, file.name) }
    for enumeration in descriptor.enumType { add(enumeration, in: scope, file.name) }
    for field in descriptor.`extension` { add(extension: field, in: scope, file.name) }
  }

  private mutating func add(_ message: Google_Protobuf_DescriptorProto, in scope: String, _ file: String) {
    let name = declare(message.name, in: scope, file)
    for field in message.field { declare(field.name, in: name, file) }
    for oneof in message.oneofDecl { declare(oneof.name, in: name, file) }
    for nested in message.nestedType { add(nested, in: name, file) }
    for enumeration in message.enumType { add(enumeration, in: name, file) }
    for field in message.`extension` { add(extension: field, in: name, file) }
  }

  private mutating func add(_ enumeration: Google_Protobuf_EnumDescriptorProto, in scope: String, _ file: String) {
    declare(enumeration.name, in: scope, file)
    // Enum values live in the scope around their enum, as in C++.
    for value in enumeration.value { declare(value.name, in: scope, file) }
  }

  private mutating func add(
    extension field: Google_Protobuf_FieldDescriptorProto, in scope: String, _ file: String
  ) {
    declare(field.name, in: scope, file)
    guard let number = field.number, let extendee = field.extendee else { return }
    let type = extendee.hasPrefix(".") ? String(extendee.dropFirst()) : extendee
    extensions[type, default: [:]][number] = file
  }

  /// Notes a symbol and returns its full name.
  @discardableResult
  private mutating func declare(_ name: String?, in scope: String, _ file: String) -> String {
    let fullName = scope.isEmpty ? name ?? "" : "\(scope).\(name ?? "")"
    fileNamesBySymbol[fullName] = file
    return fullName
  }
}
