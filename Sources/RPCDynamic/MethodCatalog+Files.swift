public import ProtoWire

extension MethodCatalog {
  /// The services of files that generated code has: `MethodCatalog(of: [UserServiceMethods.service.file])`.
  /// - Throws: `DynamicError` if a descriptor can't be read.
  public init(of files: [ProtoFile]) throws(DynamicError) {
    var found: [Google_Protobuf_FileDescriptorProto] = []
    var seen: Set<String> = []
    var pending = files
    while let file = pending.popLast() {
      guard seen.insert(file.name).inserted else { continue }
      do throws(WireError) {
        found.append(try Google_Protobuf_FileDescriptorProto(wireBytes: file.serialized))
      } catch {
        throw DynamicError("\(file.name) is no descriptor: \(error)")
      }
      pending += file.dependencies
    }
    try self.init(found)
  }
}
