/// How much of a request HTTP/1.1 takes.
struct HTTP1Limits: Sendable {
  /// Bytes of the request line.
  var requestLine = 8192
  var headers = HeaderLimits()
}

/// Reads requests of HTTP/1.1 from bytes that come in pieces of any size: bytes in, events out, and no I/O. It accepts
/// only what cannot be read in two ways. `HTTP1Fault` says what was wrong; nothing can be read after a fault. RFC 9112.
///
/// The fields of a request become a block as HTTP/2 has it: `:method`, `:scheme` and `:path` first, the host as
/// `:authority`, names in lower case, and no connection-specific fields.
struct HTTP1Parser: ~Copyable {
  enum Event {
    /// The input is used up.
    case needsMore
    case head(HeaderBlock, RequestFraming)
    /// Bytes of the body, valid as long as the input is.
    case body(UnsafeRawBufferPointer)
    /// The request is whole.
    case end(trailers: HeaderBlock?)
  }

  private enum State {
    /// Before a request. One empty line is skipped there: RFC 9112, section 2.2.
    case start(hasSkipped: Bool)
    case fields
    case body(left: Int)
    case chunkSize
    case chunk(left: Int)
    case chunkEnd
    case trailers(hasSome: Bool)
    /// The head was returned, and there is no body.
    case bodiless
  }

  private let limits: HTTP1Limits
  private let scheme: StaticString
  private var state = State.start(hasSkipped: false)
  private var lines = LineReader()
  private var collector = HeaderCollector()
  private var framing = RequestFraming()
  /// Bytes of the section that is being received: what is empty counts too.
  private var sectionSize = 0
  /// The authority of a target in absolute form.
  private var authority: [UInt8]?
  /// Chunks with next to nothing in them, since it was last taken.
  private var smallChunks = 0

  /// - Parameter scheme: what `:scheme` says: "http" or "https".
  init(limits: HTTP1Limits, scheme: StaticString) {
    self.limits = limits
    self.scheme = scheme
  }

  /// A request has begun and its header section is not whole.
  var isInsideHead: Bool {
    switch state {
    case .start(let hasSkipped): hasSkipped || lines.isInside
    case .fields: true
    default: false
    }
  }

  /// No request has begun.
  var isBetweenRequests: Bool { if case .start = state { !lines.isInside } else { false } }

  /// Bytes of the body that are still to come; nil if that is not known.
  var bodyLeft: Int? {
    switch state {
    case .body(let left): left
    case .chunkSize, .chunk, .chunkEnd, .trailers: nil
    case .start, .fields, .bodiless: 0
    }
  }

  /// Chunks smaller than `AbuseGuard.smallFrame`, since the last call.
  mutating func takeSmallChunks() -> Int {
    defer { smallChunks = 0 }
    return smallChunks
  }

  /// Gives back the memory of lines and fields, between requests.
  mutating func releaseMemory() {
    guard isBetweenRequests else { return }
    lines.releaseMemory()
    collector.releaseMemory()
  }

  /// The next event of the input, which is advanced past it. Call it until it returns `needsMore`.
  mutating func next(_ input: inout UnsafeRawBufferPointer) throws(HTTP1Fault) -> Event {
    while true {
      switch state {
      case .start(let hasSkipped):
        guard try readRequestLine(&input, hasSkipped: hasSkipped) else { return .needsMore }
      case .fields:
        guard let head = try readFields(&input) else { return .needsMore }
        return head
      case .bodiless: return finish(nil)
      case .body(let left):
        if left == 0 { return finish(nil) }
        guard !input.isEmpty else { return .needsMore }
        let bytes = take(left, from: &input)
        state = .body(left: left - bytes.count)
        return .body(bytes)
      case .chunkSize:
        guard let line = try lines.next(&input, limit: ChunkSize.longest, orElse: ChunkSize.fault) else {
          return .needsMore
        }
        let size = try ChunkSize.read(line)
        if size < AbuseGuard.smallFrame, size > 0 { smallChunks += 1 }
        state = size == 0 ? .trailers(hasSome: false) : .chunk(left: size)
      case .chunk(let left):
        if left == 0 {
          state = .chunkEnd
          continue
        }
        guard !input.isEmpty else { return .needsMore }
        let bytes = take(left, from: &input)
        state = .chunk(left: left - bytes.count)
        return .body(bytes)
      case .chunkEnd:
        guard let line = try lines.next(&input, limit: 0, orElse: ChunkSize.endFault) else { return .needsMore }
        guard line.isEmpty else { throw ChunkSize.endFault }
        state = .chunkSize
      case .trailers(let hasSome):
        guard let end = try readTrailers(&input, hasSome: hasSome) else { return .needsMore }
        return end
      }
    }
  }

  private func take(_ count: Int, from input: inout UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    let taken = min(count, input.count)
    defer { input = UnsafeRawBufferPointer(rebasing: input[taken...]) }
    return UnsafeRawBufferPointer(rebasing: input[..<taken])
  }

  private mutating func finish(_ trailers: HeaderBlock?) -> Event {
    state = .start(hasSkipped: false)
    return .end(trailers: trailers)
  }

  // MARK: Head

  private mutating func readRequestLine(
    _ input: inout UnsafeRawBufferPointer, hasSkipped: Bool
  ) throws(HTTP1Fault) -> Bool {
    if !lines.isInside, let first = input.first, first != ByteClass.cr,
      !FieldSyntax.isToken(UnsafeRawBufferPointer(rebasing: input[..<1]))
    {
      // This may be TLS sent to a cleartext port, say: there may never be a line.
      throw .malformed("this is not an HTTP request")
    }
    guard let line = try lines.next(&input, limit: limits.requestLine, orElse: .longTarget) else { return false }
    if line.isEmpty, !hasSkipped {
      state = .start(hasSkipped: true)
      return true
    }
    let request = try RequestLine(line)
    collector.begin()
    framing = RequestFraming()
    sectionSize = 0
    authority = request.authority.map { Array($0) }
    try append(":method", request.method)
    try append(":scheme", UnsafeRawBufferPointer(start: scheme.utf8Start, count: scheme.utf8CodeUnitCount))
    try append(":path", request.path)
    state = .fields
    return true
  }

  private mutating func readFields(_ input: inout UnsafeRawBufferPointer) throws(HTTP1Fault) -> Event? {
    while let line = try nextFieldLine(&input) {
      guard !line.isEmpty else {
        try framing.finish()
        switch framing.body {
        case .none: state = .bodiless
        case .length(let count): state = .body(left: count)
        case .chunked: state = .chunkSize
        }
        return .head(collector.finish(), framing)
      }
      let (name, value) = try Self.split(line)
      try Self.withLowercased(name) { (name) throws(HTTP1Fault) in try takeField(name, value) }
    }
    return nil
  }

  private mutating func takeField(
    _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer
  ) throws(HTTP1Fault) {
    switch try framing.take(name, value) {
    case .keep: try append(name, value)
    case .authority: try appendAuthority(value)
    case .drop: break
    }
  }

  /// RFC 9112, section 3.2.2: a target in absolute form has the host, whatever the field `host` says. A field that says
  /// something else is refused, because it would mislead a recipient that looks only at the field.
  private mutating func appendAuthority(_ host: UnsafeRawBufferPointer) throws(HTTP1Fault) {
    if let authority {
      let isSame = authority.count == host.count && zip(authority, host).allSatisfy { $0.lowercased == $1.lowercased }
      guard isSame else { throw .malformed("the host field differs from the target's host") }
    }
    try append(":authority", host)
  }

  private mutating func append(_ name: StaticString, _ value: UnsafeRawBufferPointer) throws(HTTP1Fault) {
    try append(UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount), value)
  }

  private mutating func append(
    _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer
  ) throws(HTTP1Fault) {
    collector.append(name: name, value: value, limits: limits.headers)
    guard !collector.isOverLimit else { throw .largeFields }
  }

  /// A line of a header or trailer section. All lines count, also those of fields that are dropped.
  private mutating func nextFieldLine(
    _ input: inout UnsafeRawBufferPointer
  ) throws(HTTP1Fault) -> UnsafeRawBufferPointer? {
    guard let line = try lines.next(&input, limit: limits.headers.listSize, orElse: .largeFields) else { return nil }
    sectionSize += line.count + 32
    guard sectionSize <= limits.headers.listSize + 32 else { throw .largeFields }
    return line
  }

  /// The field's name and its value. Neither white space before the colon nor a line that continues the one before it
  /// (obs-fold) is taken. RFC 9112, section 5.
  private static func split(
    _ line: UnsafeRawBufferPointer
  ) throws(HTTP1Fault) -> (UnsafeRawBufferPointer, UnsafeRawBufferPointer) {
    if line[0] == ByteClass.space || line[0] == ByteClass.tab {
      throw .malformed("a field is continued on a second line")
    }
    guard let colon = line.firstIndex(of: ByteClass.colon) else { throw .malformed("a field has no colon") }
    let name = UnsafeRawBufferPointer(rebasing: line[..<colon])
    guard FieldSyntax.isToken(name) else { throw .malformed("a field's name is no token") }
    let value = UnsafeRawBufferPointer(rebasing: line[(colon + 1)...]).trimmed
    guard FieldSyntax.isValue(value) else { throw .malformed("a field's value has control characters") }
    return (name, value)
  }

  private static func withLowercased(
    _ name: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws(HTTP1Fault) -> Void
  ) throws(HTTP1Fault) {
    guard name.contains(where: { $0 != $0.lowercased }) else { return try body(name) }
    let result = [UInt8](name.lazy.map(\.lowercased)).withUnsafeBytes { bytes -> Result<Void, HTTP1Fault> in
      do throws(HTTP1Fault) { return .success(try body(bytes)) } catch { return .failure(error) }
    }
    try result.get()
  }

  // MARK: Chunks

  private mutating func readTrailers(
    _ input: inout UnsafeRawBufferPointer, hasSome: Bool
  ) throws(HTTP1Fault) -> Event? {
    var hasSome = hasSome
    while true {
      if !hasSome {
        collector.begin()
        sectionSize = 0
      }
      guard let line = try nextFieldLine(&input) else { break }
      guard !line.isEmpty else { return finish(hasSome ? collector.finish() : nil) }
      let (name, value) = try Self.split(line)
      try Self.withLowercased(name) { (name) throws(HTTP1Fault) in
        guard RequestFraming.allowsTrailer(name) else { throw .malformed("a field that is not allowed in trailers") }
        try append(name, value)
      }
      hasSome = true
      state = .trailers(hasSome: true)
    }
    return nil
  }
}
