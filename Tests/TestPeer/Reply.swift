import Foundation
public import ProtoWire

/// What a call was answered with.
public struct Reply: Sendable {
  /// The first header section; also the last, where there is only one (trailers-only).
  public var headers: [HeaderField] = []
  /// The response messages that came, without their gRPC prefix.
  public var messages: [[UInt8]] = []
  /// The section that ended the stream; the same as `headers` in a trailers-only response.
  public var trailers: [HeaderField] = []
  /// The code of the RST_STREAM that ended it.
  public var reset: UInt32?

  /// The call did not end as the test needs it; the reply says how.
  public struct Unexpected: Error {
    /// What came instead.
    public let reply: Reply
  }

  /// A reply to which nothing has come yet.
  public init() {}

  /// `:status`; nil if there is none.
  public var httpStatus: Int? { value(":status", in: headers).flatMap { Int($0) } }
  /// `grpc-status`; nil if there is none.
  public var status: Int? { value("grpc-status", in: trailers).flatMap { Int($0) } }
  /// `grpc-message`, decoded.
  public var text: String { value("grpc-message", in: trailers).map { $0.removingPercentEncoding ?? $0 } ?? "" }
  /// `grpc-status-details-bin`: a google.rpc.Status.
  public var details: [UInt8]? {
    value("grpc-status-details-bin", in: trailers).flatMap { text in
      Data(base64Encoded: text + String(repeating: "=", count: (4 - text.count % 4) % 4)).map { Array($0) }
    }
  }
  /// Whether one header section is the whole response.
  public var isTrailersOnly: Bool { messages.isEmpty && headers == trailers }

  /// The one message of a successful call.
  /// - Throws: `Unexpected` if it failed or had another number of messages.
  public func message<Message: WireMessage>(as type: Message.Type = Message.self) throws -> Message {
    guard status == 0, messages.count == 1 else { throw Unexpected(reply: self) }
    return try Message(wireBytes: messages[0])
  }

  /// The first value of a name.
  public func value(_ name: String, in fields: [HeaderField]) -> String? { fields.first { $0.name == name }?.value }
}
