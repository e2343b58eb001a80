import ProtoWire
import RPCCore

/// The .proto files of a server's services, by name and by the symbols that they declare.
struct ReflectionIndex: Sendable {
  /// Full names of the services, sorted.
  let services: [String]
  private var filesByName: [String: ProtoFile] = [:]
  private var fileNamesBySymbol: [String: String] = [:]
  private var extensions: [String: [Int32: String]] = [:]

  /// - Parameter types: further files, of messages that are sent in `Any`.
  init(_ descriptors: [ServiceDescriptor], types: [ProtoFile] = []) {
    services = descriptors.map(\.name).sorted()
    for descriptor in descriptors { add(descriptor.file) }
    for file in types { add(file) }
  }

  /// A file and all files that it imports, directly or not, serialized; the file itself comes first.
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
    // Generated code contains the descriptors, so this does not fail. If it did, the file would have no symbols.
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
    // The names of enum values are in the scope that contains the enum, as in C++.
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

  /// Records a symbol and returns its full name.
  @discardableResult
  private mutating func declare(_ name: String?, in scope: String, _ file: String) -> String {
    let fullName = scope.isEmpty ? name ?? "" : "\(scope).\(name ?? "")"
    fileNamesBySymbol[fullName] = file
    return fullName
  }
}
