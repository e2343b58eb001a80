/// Converts between wire bytes and ProtoJSON by descriptors, without any code of the messages.
/// <https://protobuf.dev/programming-guides/json/>
///
/// ```swift
/// let transcoder = JSONTranscoder(pool: try DescriptorPool(files: [UsersV1Users.file]))
/// let json = try transcoder.json(fromWire: user.wireBytes(), messageName: "users.v1.User")
/// let wire = try transcoder.wire(fromJSON: json, messageName: "users.v1.User")
/// ```
///
/// Any thread may use it. Both directions read their input once, take memory in proportion to its size, and observe the
/// limits of `JSONOptions`.
public struct JSONTranscoder: Sendable {
  /// The known types, also for the content of a google.protobuf.Any.
  public let pool: DescriptorPool
  /// The options of both directions.
  public var options: JSONOptions

  /// A transcoder of the types in `pool`. Making one costs nothing.
  ///
  /// ```swift
  /// let lenient = JSONTranscoder(pool: pool, options: .with { $0.ignoresUnknownFields = true })
  /// ```
  public init(pool: DescriptorPool, options: JSONOptions = .init()) {
    self.pool = pool
    self.options = options
  }

  /// A message as JSON, in UTF-8 without white space. Unknown fields are left out.
  ///
  /// - Parameters:
  ///   - bytes: An encoded message.
  ///   - messageName: The full name of its type, such as `users.v1.User`.
  /// - Throws: `JSONError` if the bytes are no such message, or hold what has no JSON: an Any of a type that the pool
  /// does not have, a time out of range, a Value without a kind, a string that is not UTF-8.
  ///
  /// ```swift
  /// let json = try user.wireBytes().withUnsafeBytes {
  ///   try transcoder.json(fromWire: $0, messageName: "users.v1.User")
  /// }
  /// ```
  public func json(fromWire bytes: UnsafeRawBufferPointer, messageName: String) throws(JSONError) -> [UInt8] {
    let index = try pool.messageIndex(messageName)
    guard bytes.count <= options.sizeLimit else { throw JSONError(.limit, "the message is too large") }
    var printer = JSONPrinter(pool: pool, options: options, capacity: bytes.count + bytes.count / 2)
    try printer.message(bytes.assumingMemoryBound(to: UInt8.self), index)
    return withExtendedLifetime(pool) { printer.output.array() }
  }

  /// A message from JSON, as wire bytes.
  ///
  /// - Parameters:
  ///   - text: UTF-8, with or without white space.
  ///   - messageName: The full name of its type, such as `users.v1.User`.
  /// - Throws: `JSONError`, with line, column and path of the fault, if the text is not JSON or not of that type.
  ///
  /// ```swift
  /// var text = #"{"email": "ada@example.com"}"#
  /// let wire = try text.withUTF8 {
  ///   try transcoder.wire(fromJSON: UnsafeRawBufferPointer($0), messageName: "users.v1.User")
  /// }
  /// ```
  public func wire(fromJSON text: UnsafeRawBufferPointer, messageName: String) throws(JSONError) -> [UInt8] {
    let index = try pool.messageIndex(messageName)
    guard text.count <= options.sizeLimit else { throw JSONError(.limit, "the text is too large") }
    let text = text.assumingMemoryBound(to: UInt8.self)
    try checkUTF8(text, .syntax)
    var parser = JSONParser(text, pool: pool, options: options)
    try parser.document(index)
    return withExtendedLifetime(pool) { parser.output.array() }
  }

  /// A message as JSON; see `json(fromWire:messageName:)` of a buffer.
  ///
  /// ```swift
  /// let json = try transcoder.json(fromWire: user.wireBytes(), messageName: "users.v1.User")
  /// ```
  public func json(fromWire bytes: [UInt8], messageName: String) throws(JSONError) -> [UInt8] {
    try withBytes(bytes) { (bytes) throws(JSONError) in try json(fromWire: bytes, messageName: messageName) }
  }

  /// A message from JSON; see `wire(fromJSON:messageName:)` of a buffer.
  ///
  /// ```swift
  /// let wire = try transcoder.wire(fromJSON: Array("{}".utf8), messageName: "users.v1.User")
  /// ```
  public func wire(fromJSON text: [UInt8], messageName: String) throws(JSONError) -> [UInt8] {
    try withBytes(text) { (text) throws(JSONError) in try wire(fromJSON: text, messageName: messageName) }
  }

  /// withUnsafeBytes doesn't pass a typed error on.
  private func withBytes(
    _ bytes: [UInt8], _ body: (UnsafeRawBufferPointer) throws(JSONError) -> [UInt8]
  ) throws(JSONError) -> [UInt8] {
    try bytes.withUnsafeBytes { bytes -> Result<[UInt8], JSONError> in
      do throws(JSONError) { return .success(try body(bytes)) } catch { return .failure(error) }
    }.get()
  }
}
