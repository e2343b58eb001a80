/// A protobuf message. Generated types conform to it; types written by hand may too.
///
/// Decoding and encoding are synchronous, touch nothing but the message, and may run on any thread.
///
/// ```swift
/// struct Point: WireMessage {
///   var x: Int32 = 0
///   var unknownFields = UnknownFields()
///   static let messageName = "example.Point"
///
///   mutating func decodeFields(from reader: inout WireReader) throws(WireError) {
///     while true {
///       switch try reader.nextTag() {
///       case 0: return
///       case 0x08: x = try reader.read(WireInt32.self)
///       case let tag: if try reader.readUnknown(tag, into: &unknownFields) { return }
///       }
///     }
///   }
///
///   func encodeFields(into writer: inout WireWriter) {
///     writer.prepend(unknownFields)
///     writer.prepend(ifNotDefault: x, as: WireInt32.self, tag: 0x08)
///   }
/// }
/// ```
public protocol WireMessage: Sendable, Hashable {
  /// The empty message: no field is set.
  ///
  /// ```swift
  /// Point().wireBytes()  // []
  /// ```
  init()

  /// Full name in protobuf, such as `users.v1.User`.
  ///
  /// ```swift
  /// static let messageName = "example.Point"
  /// ```
  static var messageName: String { get }

  /// The name of a field in the .proto file, for error messages; nil if there is no such field.
  ///
  /// ```swift
  /// Shape.fieldName(of: 1)  // "name"
  /// ```
  static func fieldName(of number: UInt32) -> String?

  /// The fields that the message's definition does not know, kept byte for byte and written behind the known ones.
  ///
  /// ```swift
  /// try Point(wireBytes: [0x10, 0x01]).unknownFields.wireBytes  // [0x10, 0x01]
  /// ```
  var unknownFields: UnknownFields { get set }

  /// Reads fields up to the end of the message or group and merges them into this message: scalars are replaced,
  /// messages merged, repeated fields appended. It is a loop as in the example of ``WireMessage``, with a line a field:
  ///
  /// ```swift
  /// case 0x08: x = try reader.read(WireInt32.self)
  /// ```
  mutating func decodeFields(from reader: inout WireReader) throws(WireError)

  /// Writes the fields back to front: the last field first, and a field's tag after its value.
  ///
  /// ```swift
  /// writer.prepend(unknownFields)
  /// writer.prepend(ifNotDefault: y, as: WireInt32.self, tag: 0x10)
  /// writer.prepend(ifNotDefault: x, as: WireInt32.self, tag: 0x08)
  /// ```
  func encodeFields(into writer: inout WireWriter)

  /// Throws `missingRequiredField` if a field that must be present is not, here or in a message inside. Does nothing
  /// where no field is required, as in all of proto3.
  ///
  /// ```swift
  /// func checkRequiredFields() throws(WireError) {
  ///   try WireRequired.check(name, 1, of: Self.self)
  /// }
  /// ```
  func checkRequiredFields() throws(WireError)
}

extension WireMessage {
  /// The default is nil: a message written by hand needs no field names.
  public static func fieldName(of number: UInt32) -> String? { nil }

  /// Nothing is required.
  @inlinable @inline(__always)
  public func checkRequiredFields() throws(WireError) {}

  /// Whether all required fields are present, in this message and in those that it contains. Encoding does not check.
  ///
  /// ```swift
  /// Shape().isInitialized                        // false: its name is required
  /// Shape.with { $0.name = "a" }.isInitialized  // true
  /// ```
  public var isInitialized: Bool {
    (try? checkRequiredFields()) != nil
  }

  /// A message with some fields set: `GetUserRequest.with { $0.id = "…" }`.
  ///
  /// ```swift
  /// let point = Point.with { $0.x = 150 }
  /// ```
  @inlinable
  public static func with(_ populate: (inout Self) throws -> Void) rethrows -> Self {
    var message = Self()
    try populate(&message)
    return message
  }

  /// Decodes a message that takes up all of `wireBytes`.
  ///
  /// The error says what is wrong and in which field. Decoding allocates no more than a small multiple of the input.
  ///
  /// ```swift
  /// let point = try buffer.withUnsafeBytes { try Point(wireBytes: $0) }
  /// ```
  @inlinable
  public init(
    wireBytes: UnsafeRawBufferPointer, options: WireDecodingOptions = .init()
  ) throws(WireError) {
    self.init()
    try merge(wireBytes: wireBytes, options: options)
  }

  /// Decodes a message that takes up all of `wireBytes`.
  ///
  /// ```swift
  /// try Point(wireBytes: [0x08, 0x96, 0x01]).x  // 150
  /// ```
  @inlinable
  public init(wireBytes: [UInt8], options: WireDecodingOptions = .init()) throws(WireError) {
    self.init()
    try merge(wireBytes: wireBytes, options: options)
  }

  /// Decodes fields and merges them into this message. After an error some of them may have been taken over.
  ///
  /// ```swift
  /// var point = Point.with { $0.x = 1 }
  /// try point.merge(wireBytes: [0x08, 0x02])  // x is 2: the last one wins
  /// ```
  @inlinable
  public mutating func merge(
    wireBytes: UnsafeRawBufferPointer, options: WireDecodingOptions = .init()
  ) throws(WireError) {
    guard let start = wireBytes.baseAddress else { return }
    var reader = WireReader(
      WireCursor(position: start, end: start + wireBytes.count), options: options)
    do {
      try decodeFields(from: &reader)
    } catch {
      throw error.located(in: Self.self, field: reader.currentFieldNumber)
    }
    if !options.allowsMissingRequiredFields { try checkRequiredFields() }
  }

  /// Decodes fields and merges them into this message. After an error some of them may have been taken over.
  ///
  /// ```swift
  /// var point = Point.with { $0.x = 1 }
  /// try point.merge(wireBytes: [0x08, 0x02])  // x is 2: the last one wins
  /// ```
  @inlinable
  public mutating func merge(
    wireBytes: [UInt8], options: WireDecodingOptions = .init()
  ) throws(WireError) {
    // The closure can't throw a typed error through withUnsafeBytes, which rethrows any.
    let failure = wireBytes.withUnsafeBytes { bytes -> WireError? in
      do throws(WireError) {
        try merge(wireBytes: bytes, options: options)
        return nil
      } catch {
        return error
      }
    }
    if let failure { throw failure }
  }

  /// The message in the protobuf wire format.
  ///
  /// ```swift
  /// Point.with { $0.x = 150 }.wireBytes()  // [0x08, 0x96, 0x01]
  /// ```
  @inlinable
  public func wireBytes() -> [UInt8] {
    withUnsafeTemporaryAllocation(byteCount: 1024, alignment: 16) { scratch in
      var writer = WireWriter(scratch: scratch)
      encodeFields(into: &writer)
      return writer.withUnsafeBytes { [UInt8]($0) }
    }
  }

  /// The same, with map entries in the order of their keys, so that equal messages give equal bytes. This is not a
  /// canonical form: other implementations and later versions of the .proto file may write other bytes.
  ///
  /// ```swift
  /// shape.deterministicWireBytes() == copy.deterministicWireBytes()  // where shape == copy
  /// ```
  public func deterministicWireBytes() -> [UInt8] {
    var writer = WireWriter()
    writer.isDeterministic = true
    encodeFields(into: &writer)
    return writer.withUnsafeBytes { [UInt8]($0) }
  }
}
