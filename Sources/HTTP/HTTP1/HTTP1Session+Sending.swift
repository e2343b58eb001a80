/// What the server sends. `nextOutput` makes bytes of it.
extension HTTP1Session {
  /// Begins a response. Its body comes from the handler's `writeBody`; responses to HEAD, and those of status 204 and
  /// 304, have none, whatever is said here (RFC 9110, section 6.4.1). Connection-specific fields are left out: the
  /// session writes its own.
  /// - Parameters:
  ///   - head: `content-length` in it is taken for the length of a body whose length is given as unknown.
  ///   - request: what becomes of the rest of a request that is incomplete when its response is complete.
  public func respond(
    _ exchange: HTTPExchange, _ head: HeaderFields, body: HTTPExchange.Body, request: HTTPExchange.Remainder = .abandon
  ) {
    guard exchange === self.exchange, response.phase == .awaited else { return }
    response.closes = !framing.keepsAlive || isDraining || !exchange.isRemoteClosed && !canDrop(request)
    if !exchange.isRemoteClosed, body == .unknown, head.isSuccess { sendContinue() }
    response.hasContinued = true
    let isSuppressed = !head.allowsBody || exchange.head.isHEAD
    response.framing = isSuppressed ? .none : Self.framing(of: body, head)
    if case .length(let count) = response.framing { response.left = count }
    HTTP1Writer.writeHead(head, response.framing, date: date, closes: response.closes, into: &output)
    response.phase = .body
    if response.framing == .none || response.framing == .length(0) { complete(exchange) }
  }

  private static func framing(of body: HTTPExchange.Body, _ head: HeaderFields) -> HTTP1Writer.Framing {
    switch body {
    case .none: return .length(0)
    case .length(let count): return .length(max(count, 0))
    case .unknown: return head.contentLength.map { .length($0) } ?? .chunked
    }
  }

  /// Whether what is missing of the request can be read and dropped, so that the connection can be used again.
  private func canDrop(_ request: HTTPExchange.Remainder) -> Bool {
    // A client that waits for 100 (Continue) may send the body or not, so nobody knows where its next request begins.
    guard case .discard(let limit) = request, response.hasContinued, parser.bodyLeft ?? 0 <= limit else { return false }
    droppableLimit = limit
    return true
  }

  /// Tells the session that `writeBody` has something again.
  public func resumeBody(_ exchange: HTTPExchange) {
    if exchange === self.exchange { exchange.isBodyDeferred = false }
  }

  /// The handler took so many bytes of the request.
  public func credit(_ exchange: HTTPExchange, _ count: Int) {
    if exchange === self.exchange { uncredited = max(uncredited - count, 0) }
  }

  /// Ends an exchange in its middle, and the connection with it: HTTP/1.1 has no other way. A response that has begun
  /// is cut, so that the client does not take it for complete.
  public func abort(_ exchange: HTTPExchange, _ reason: HTTPExchange.AbortReason) {
    guard exchange === self.exchange else { return }
    let isAnswerable = response.phase == .awaited
    close(exchange, reason.code)
    isEnding = true
    guard isAnswerable else { return }
    switch reason {
    case .cancelled: break
    case .refused, .excessiveLoad:
      HTTP1Writer.writeAnswer(503, "the request was not processed", into: &output)
    case .internalError: HTTP1Writer.writeAnswer(500, "the server failed", into: &output)
    }
  }

  // MARK: Bytes

  /// A turn of the loop begins: as many bytes as the window has may be sent in it.
  /// - Parameter unixTime: seconds since 1970, for the `date` of responses; nil: they have none.
  public func beginTurn(unixTime: Int64? = nil) {
    budget = configuration.responseWindow
    self.unixTime = unixTime
  }

  /// RFC 9110, section 6.6.1.
  private var date: HTTPDate? { unixTime.map(HTTPDate.init) }

  /// `nextOutput` has bytes, in this turn or the next.
  public var wantsWrite: Bool { !output.isEmpty || isContinueDue || hasBody }

  /// The next bytes for the client, valid until the next call of the session; nil if there are none, or none in this
  /// turn.
  public func nextOutput() -> UnsafeRawBufferPointer? {
    // No handler has refused the request by its head, so the client may send the body.
    if isContinueDue { sendContinue() }
    if hasBody, budget > 0, let exchange { writePiece(of: exchange) }
    guard let bytes = output.take() else {
      if exchange == nil { output.releaseMemory() }
      return nil
    }
    budget -= bytes.count
    return bytes
  }

  private var hasBody: Bool { response.phase == .body && exchange?.isBodyDeferred == false }

  private var isContinueDue: Bool {
    !response.hasContinued && exchange != nil && response.phase == .awaited && !isEnding
  }

  private func sendContinue() {
    guard !response.hasContinued else { return }
    response.hasContinued = true
    output.append("HTTP/1.1 100 Continue\r\n\r\n")
  }

  private func writePiece(of exchange: HTTPExchange) {
    guard let handler = exchange.handler else { return abort(exchange, .internalError) }
    var state = HTTPExchange.BodyState.later
    var count = 0
    func write(_ room: UnsafeMutableRawBufferPointer) -> Int {
      (count, state) = handler.writeBody(into: room)
      return count
    }
    if response.framing == .chunked {
      HTTP1Writer.writeChunk(into: &output, write)
    } else {
      let room = min(response.left, HTTP1Writer.chunkSize)
      // Ask the handler once more at the end: it may have to say that the body is over.
      output.append(upTo: max(room, 1)) { write(UnsafeMutableRawBufferPointer(rebasing: $0[..<room])) }
      response.left -= count
    }
    switch state {
    case .more:
      // A handler that has more bytes than `content-length` says would be asked for ever.
      if response.framing != .chunked, response.left == 0, count == 0 { abort(exchange, .internalError) }
    case .later: exchange.isBodyDeferred = true
    case .broken: abort(exchange, .internalError)
    case .end(let trailers):
      if response.framing == .chunked {
        HTTP1Writer.writeEnd(exchange.carriesTrailers ? trailers : nil, into: &output)
      }
      // A body that is shorter than `content-length` says can only be cut.
      response.left == 0 ? complete(exchange) : abort(exchange, .internalError)
    }
  }

  /// The response is whole.
  private func complete(_ exchange: HTTPExchange) {
    response.phase = .done
    let isWhole = exchange.isRemoteClosed
    close(exchange, .noError)
    if response.closes || isDraining {
      isEnding = true
    } else if isWhole {
      releaseIdleMemory()
    } else {
      droppable = droppableLimit
    }
  }
}

extension HeaderFields {
  /// The status is 2xx.
  fileprivate var isSuccess: Bool {
    var isSuccess = false
    forEach { name, value in
      if name.equals(":status"), value.count == 3, value.first == UInt8(ascii: "2") { isSuccess = true }
    }
    return isSuccess
  }

  /// The value of `content-length`, if that is a number.
  fileprivate var contentLength: Int? {
    var length: Int?
    forEach { name, value in
      if name.equals("content-length") { length = Int(String(decoding: value, as: UTF8.self)).map { max($0, 0) } }
    }
    return length
  }
}
