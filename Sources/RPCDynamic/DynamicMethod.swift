public import ProtoWire
public import RPCCore

/// A message that only its descriptor describes: its bytes, which are its unknown fields. Any message can be one.
public typealias DynamicMessage = Google_Protobuf_Empty

/// A method that is known by its descriptor only, with ProtoJSON for its messages. Any thread.
public struct DynamicMethod: Sendable {
  /// What a channel needs to call it.
  public let descriptor: MethodDescriptor
  /// The full name of its request, such as `users.v1.GetUserRequest`.
  public let requestType: String
  /// The full name of its response.
  public let responseType: String
  /// Converts messages of all types that the catalog knows.
  public let transcoder: JSONTranscoder

  /// A request, or one of a stream, from ProtoJSON.
  /// - Throws: `JSONError` with the place of the fault.
  public func request(json: [UInt8]) throws(JSONError) -> DynamicMessage {
    let bytes = try transcoder.wire(fromJSON: json, messageName: requestType)
    return .with { $0.unknownFields = UnknownFields(wireBytes: bytes) }
  }

  /// A response, or one of a stream, as ProtoJSON.
  /// - Throws: `JSONError` if the bytes are no message of the type.
  public func json(response: DynamicMessage) throws(JSONError) -> String {
    let json = try transcoder.json(fromWire: response.unknownFields.wireBytes, messageName: responseType)
    return String(decoding: json, as: UTF8.self)
  }
}
