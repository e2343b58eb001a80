public import ProtoWire

/// A call with a stream of messages each way. One task may write while another one reads.
///
/// ```swift
/// let chat = echo.chat()
/// try await chat.requests.write(.with { $0.text = "hello" })
/// chat.requests.finish()
/// for try await message in chat.responses { … }
/// ```
///
/// A call that has not ended is cancelled as soon as nobody refers to it, its requests or its responses.
public struct BidirectionalCall<Request: WireMessage, Response: WireMessage>: Sendable {
  /// Writes the requests.
  public let requests: RequestWriter<Request>
  /// Reads the responses.
  public let responses: ResponseStream<Response>

  /// A call without a server: for tests, and in place of a client.
  public init(requests: RequestWriter<Request>, responses: ResponseStream<Response>) {
    self.requests = requests
    self.responses = responses
  }

  init(_ call: any ClientCall) {
    let hold = CallHold(call)
    self.init(requests: RequestWriter(hold), responses: ResponseStream(hold))
  }
}
