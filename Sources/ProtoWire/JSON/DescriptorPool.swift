/// Message types by name, compiled from descriptors for transcoding; also the registry of the types in an Any.
///
/// Immutable: any thread may use it. Making one takes some microseconds for each message type, so keep it:
/// ```swift
/// let transcoder = JSONTranscoder(pool: try DescriptorPool(files: [.users_v1_users]))
/// ```
public final class DescriptorPool: @unchecked Sendable {
  // Unchecked because of the pointers: nothing writes through them.
  let tables: SchemaTables
  let messageIndices: [String: Int]

  /// Compiles the files and what they import.
  ///
  /// Throws `JSONError` if a descriptor can't be read or refers to a type that no file has.
  ///
  /// ```swift
  /// let pool = try DescriptorPool(files: [.users_v1_users, .google_protobuf_any])
  /// ```
  public init(files: [ProtoFile]) throws(JSONError) {
    var builder = SchemaBuilder()
    for file in files { try builder.add(file) }
    try builder.compile()
    tables = SchemaTables(builder)
    messageIndices = builder.messageIndices
  }

  deinit {
    tables.deallocate()
  }

  /// Whether the pool knows the message type, such as `users.v1.User`.
  ///
  /// ```swift
  /// pool.contains(messageNamed: "users.v1.User")  // true
  /// ```
  public func contains(messageNamed name: String) -> Bool { messageIndices[name] != nil }

  func messageIndex(_ name: String) throws(JSONError) -> Int {
    guard let index = messageIndices[name] else {
      throw JSONError(.unknownType, "the message type is not known")
    }
    return index
  }

  /// The message type that the URL of an Any names, behind the last slash; there must be a slash.
  func messageIndex(typeURL: UnsafeBufferPointer<UInt8>) -> Int? {
    guard let slash = typeURL.lastIndex(of: UInt8(ascii: "/")) else { return nil }
    return messageIndices[String(decoding: typeURL[(slash + 1)...], as: UTF8.self)]
  }
}
