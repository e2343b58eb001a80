public import ProtoWire
internal import RPCCore

/// The services that descriptors describe. Any thread.
///
/// ```swift
/// let catalog = try await ReflectionClient(channel).catalog(of: "users.v1.UserService")
/// let method = try catalog.method("users.v1.UserService/GetUser")
/// ```
public struct MethodCatalog: Sendable {
  /// The files, each once.
  public let files: [Google_Protobuf_FileDescriptorProto]
  private let transcoder: JSONTranscoder

  /// The services of files.
  /// - Parameter files: with all that they import; duplicates count once. The files of protobuf's well-known types, and
  ///   those of gRPC's error details, may be missing.
  /// - Throws: `DynamicError` if a file refers to what no file has.
  public init(_ files: [Google_Protobuf_FileDescriptorProto]) throws(DynamicError) {
    var seen: Set<String> = []
    let files = files.filter { seen.insert($0.name ?? "").inserted }
    self.files = files
    var known: [ProtoFile] = Self.common.filter { !seen.contains($0.name) }
    known += files.map { ProtoFile(name: $0.name ?? "", serialized: $0.wireBytes()) }
    do throws(JSONError) {
      transcoder = JSONTranscoder(pool: try DescriptorPool(files: known))
    } catch {
      throw DynamicError("the descriptors are not complete: \(error)")
    }
  }

  /// What a server or a file may leave out, because every client has it.
  private static let common: [ProtoFile] = [
    .google_protobuf_any, .google_protobuf_duration, .google_protobuf_empty, .google_protobuf_field_mask,
    .google_protobuf_struct, .google_protobuf_timestamp, .google_protobuf_wrappers, .google_rpc_status,
    .google_rpc_error_details,
  ]

  /// Converts messages of all types of the files.
  public var json: JSONTranscoder { transcoder }

  /// The full names of all services, sorted.
  public var services: [String] {
    files.flatMap { file in file.service.map { Self.join(file.package, $0.name) } }.sorted()
  }

  /// The methods of a service, in the order of its file.
  /// - Returns: nil if there is no such service.
  public func methods(of service: String) -> [DynamicMethod]? {
    for file in files {
      for candidate in file.service where Self.join(file.package, candidate.name) == service {
        return candidate.method.map { method(service, $0) }
      }
    }
    return nil
  }

  /// A method by its full name: `users.v1.UserService/GetUser`, or with a dot in place of the slash.
  /// - Throws: `DynamicError` that names the methods or services that there are.
  public func method(_ name: String) throws(DynamicError) -> DynamicMethod {
    let (service, name) = try Self.split(name)
    guard let methods = methods(of: service) else {
      throw DynamicError("there is no service \(service); there are \(services.joined(separator: ", "))")
    }
    guard let method = methods.first(where: { $0.descriptor.name == name }) else {
      let known = methods.map(\.descriptor.name).joined(separator: ", ")
      throw DynamicError("\(service) has no method \(name); it has \(known)")
    }
    return method
  }

  /// The service and the method that a full name is of, with or without a slash before it.
  /// - Throws: `DynamicError` if it is none.
  public static func split(_ name: String) throws(DynamicError) -> (service: String, method: String) {
    let text = name.hasPrefix("/") ? name.dropFirst() : name[...]
    guard let separator = text.lastIndex(of: "/") ?? text.lastIndex(of: "."), separator != text.startIndex,
      text.index(after: separator) != text.endIndex
    else { throw DynamicError("'\(name)' is no method; a method is PACKAGE.SERVICE/METHOD") }
    return (String(text[..<separator]), String(text[text.index(after: separator)...]))
  }

  private func method(_ service: String, _ method: Google_Protobuf_MethodDescriptorProto) -> DynamicMethod {
    let kind: MethodDescriptor.Kind =
      switch (method.clientStreaming ?? false, method.serverStreaming ?? false) {
      case (false, false): .unary
      case (true, false): .clientStreaming
      case (false, true): .serverStreaming
      case (true, true): .bidirectionalStreaming
      }
    return DynamicMethod(
      descriptor: MethodDescriptor(service: service, name: method.name ?? "", kind: kind),
      requestType: Self.absolute(method.inputType), responseType: Self.absolute(method.outputType),
      transcoder: transcoder)
  }

  static func join(_ scope: String?, _ name: String?) -> String {
    guard let scope, !scope.isEmpty else { return name ?? "" }
    return "\(scope).\(name ?? "")"
  }

  static func absolute(_ name: String?) -> String { String((name ?? "").drop { $0 == "." }) }
}

extension MethodCatalog {
  /// The services of a `google.protobuf.FileDescriptorSet`, as `protoc --include_imports --descriptor_set_out=FILE`
  /// writes it.
  /// - Throws: `DynamicError` if the bytes are none, or refer to what they do not have.
  public init(descriptorSet bytes: [UInt8]) throws(DynamicError) {
    let set: Google_Protobuf_FileDescriptorSet
    do throws(WireError) {
      set = try Google_Protobuf_FileDescriptorSet(wireBytes: bytes)
    } catch {
      throw DynamicError("this is no FileDescriptorSet (protoc --include_imports --descriptor_set_out): \(error)")
    }
    guard !set.file.isEmpty else { throw DynamicError("the FileDescriptorSet has no files") }
    try self.init(set.file)
  }
}
