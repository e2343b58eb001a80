extension WireMessage {
  /// The message as ProtoJSON.
  ///
  /// ```swift
  /// print(try user.json(transcoder))  // {"id":"...","email":"ada@example.com"}
  /// ```
  /// - Throws: `JSONError`: see `JSONTranscoder.json`.
  public func json(_ transcoder: JSONTranscoder) throws(JSONError) -> String {
    String(decoding: try transcoder.json(fromWire: wireBytes(), messageName: Self.messageName), as: UTF8.self)
  }

  /// Reads a message from ProtoJSON.
  ///
  /// ```swift
  /// let user = try User(json: #"{"email": "ada@example.com"}"#, transcoder)
  /// ```
  /// - Throws: `JSONError`, with line, column and path of the fault.
  public init(json: String, _ transcoder: JSONTranscoder) throws(JSONError) {
    let wire = try transcoder.wire(fromJSON: Array(json.utf8), messageName: Self.messageName)
    do throws(WireError) {
      try self.init(wireBytes: wire)
    } catch {
      throw JSONError(.wire, "what the text says can't be decoded: \(error)")
    }
  }
}
