/// Why a request can't be understood: the status of the answer, and a line for the client's people. Where the request
/// ends is not known any more, so the connection ends with the answer. RFC 9112, section 2.2.
public struct HTTP1Fault: Error, Sendable, Hashable, CustomStringConvertible {
  /// The status of the answer.
  public let status: Int
  /// In English. Nothing of it comes from the client.
  public let reason: String

  init(_ status: Int, _ reason: StaticString) {
    self.status = status
    self.reason = "\(reason)"
  }

  /// The status and the reason, for logs.
  public var description: String { "\(status): \(reason)" }

  /// 400: the request breaks a rule.
  static func malformed(_ reason: StaticString) -> HTTP1Fault { HTTP1Fault(400, reason) }

  /// 400: the first line names no version of HTTP at all.
  static let otherProtocol = malformed("the first line is not one of HTTP/1")
  static let timeout = HTTP1Fault(408, "the request was not completed in time")
  static let longTarget = HTTP1Fault(414, "the request line is longer than the server takes")
  static let expectation = HTTP1Fault(417, "the expectation is not 100-continue")
  static let largeFields = HTTP1Fault(431, "the header section is larger than the server takes")
  static let method = HTTP1Fault(501, "the server does not know the method")
  static let transferCoding = HTTP1Fault(501, "the server knows no other transfer coding than chunked")
  static let version = HTTP1Fault(505, "the server speaks HTTP/1.1 and HTTP/2")
}
