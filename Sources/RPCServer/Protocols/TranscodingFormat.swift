import RPCCore

/// A format whose messages may be JSON.
protocol TranscodingFormat: CallFormat {
  /// Nil where they are protobuf, and where nobody serves the method.
  var transcoder: MethodTranscoder? { get }
}

extension TranscodingFormat {
  func message(from bytes: UnsafeRawBufferPointer) throws(RPCError) -> [UInt8] {
    guard let transcoder else { return Array(bytes) }
    return try transcoder.request(fromJSON: bytes)
  }

  func document(of message: UnsafeRawBufferPointer) throws(RPCError) -> [UInt8]? {
    try transcoder?.json(fromResponse: message)
  }
}
