import HTTP
import Primitives
import ProtoWire
import RPCCore
import RPCServer

/// The response half.
extension GatewayFormat {
  /// Bytes from which on compressing saves more than it costs.
  private static let leastCompressed = 1024

  func append(_ message: UnsafeRawBufferPointer, isCompressed: Bool, to body: inout ByteBuffer) throws(RPCError) {
    guard let binding else { return }
    let json = try json(message, binding)
    if isEvents {
      if let number = binding.resumeToken, let token = WireText.value(number, in: message), !token.isEmpty {
        body.append(Array("id: \(token.filter { !$0.isNewline })\n".utf8))
      }
      body.append(Array("data: ".utf8) + json + Array("\n\n".utf8))
    } else if isStream {
      body.append(json + [0x0a])
    } else {
      if let number = binding.responseEtag { etag = WireText.value(number, in: message).flatMap(EntityTags.field) }
      append(whole: json, to: &body)
    }
  }

  private func json(_ message: UnsafeRawBufferPointer, _ binding: HTTPBinding) throws(RPCError) -> [UInt8] {
    do throws(JSONError) {
      let json = try gateway.transcoder.json(fromWire: message, messageName: binding.output.fullName)
      guard let field = binding.responseBody else { return json }
      let found = JSONScanner.members(json[...])?.last { $0.name == field.jsonName }
      return found.map { Array($0.value) } ?? Array(field.absentJSON(gateway.types).utf8)
    } catch {
      throw RPCError(.internal, "the response can't be written as JSON", cause: error)
    }
  }

  /// Appends the JSON, compressed if the client takes gzip and the body gets smaller.
  private func append(whole json: [UInt8], to body: inout ByteBuffer) {
    if json.count >= Self.leastCompressed, let accepted = request.head.text("accept-encoding"),
      AcceptedEncoding.takesGzip(accepted), let smaller = json.withUnsafeBytes({ request.gzip($0) }),
      smaller.count < json.count
    {
      isCompressed = true
      length = smaller.count
      return body.append(smaller)
    }
    length = json.count
    body.append(json)
  }

  // MARK: Heads

  func head(_ head: ResponseHead) -> HeaderFields { self.head(head.metadata) }

  private func head(_ metadata: Metadata) -> HeaderFields {
    let fields = isStream ? streamFields : wholeFields
    return HeaderFields(
      HeaderFields.list(fields + request.crossOrigin.fields(exposing: fields.map(\.0) + metadata.map(\.name)))
        + HeaderFields.list(metadata))
  }

  private var streamFields: [(String, String)] {
    let type = isEvents ? "text/event-stream" : "application/x-ndjson"
    return [(":status", "200"), ("content-type", type), ("cache-control", "no-store"), ("x-accel-buffering", "no")]
  }

  private var wholeFields: [(String, String)] {
    if let etag, let binding, takesKnownTag(binding),
      let known = request.head.text("if-none-match").flatMap(EntityTags.init), known.matches(etag)
    {
      // The session leaves the body out. RFC 9110, section 15.4.5.
      return [(":status", "304"), ("etag", etag), ("vary", "accept-encoding")]
    }
    return [(":status", "200")] + bodyFields + (etag.map { [("etag", $0)] } ?? [])
  }

  /// The header fields of a body that is sent in one piece.
  private var bodyFields: [(String, String)] {
    [
      ("content-type", "application/json"), ("content-length", "\(length)"), ("vary", "accept-encoding"),
      ("x-content-type-options", "nosniff"),
    ] + (isCompressed ? [("content-encoding", "gzip")] : [])
  }

  func headAlone(_ end: ResponseEnd, body: inout ByteBuffer) -> HeaderFields {
    isRefused = true
    // A stream without a message.
    guard let error = end.error else { return head(end.initial) }
    let status = httpStatus(of: error, end)
    append(whole: gateway.errors.json(error, httpStatus: status), to: &body)
    var fields = [(":status", "\(status)")] + bodyFields + end.extra
    // RFC 9110, section 15.5.2: a 401 has a challenge, if the service itself gives none.
    if status == 401, !end.fields.contains(where: { $0.name == "www-authenticate" }) {
      fields.append(("www-authenticate", "Bearer"))
    }
    if let delay = error.details.retryDelay { fields.append(("retry-after", "\(max(delay.seconds, 1))")) }
    let metadata = HeaderFields.list(end.initial) + end.fields.filter { !$0.name.hasPrefix("grpc-") }
    let exposed = request.crossOrigin.fields(exposing: fields.map(\.0) + metadata.map(\.name))
    return HeaderFields(HeaderFields.list(fields + exposed) + metadata)
  }

  private func httpStatus(of error: RPCError, _ end: ResponseEnd) -> Int {
    if let status { return status }
    if end.httpStatus != 200 { return end.httpStatus }
    return isConditional && error.code == .aborted ? 412 : error.code.httpStatus
  }

  func end(_ end: ResponseEnd, in body: inout ByteBuffer) -> HeaderFields? {
    guard !isRefused, isStream, let error = end.error else { return nil }
    // The head has already said 200, so the last line says what went wrong, and the response breaks off.
    let json = gateway.errors.json(error, httpStatus: error.code.httpStatus)
    body.append(isEvents ? Array("event: error\ndata: ".utf8) + json + Array("\n\n".utf8) : json + [0x0a])
    breaksOff = true
    return nil
  }
}

extension Duration {
  /// Whole seconds, rounded up.
  fileprivate var seconds: Int64 { components.seconds + (components.attoseconds > 0 ? 1 : 0) }
}

extension EntityTags {
  /// By the weak comparison. RFC 9110, section 13.1.2.
  fileprivate func matches(_ field: String) -> Bool { isAny || tags.contains { "\"\($0.value)\"" == field } }
}

extension FieldType {
  /// The JSON of a field that JSON leaves out.
  func absentJSON(_ types: TypeIndex) -> String {
    if isMap { return "{}" }
    if isRepeated { return "[]" }
    switch kind {
    case .message, .group: return "null"
    case .string, .bytes: return "\"\""
    case .bool: return "false"
    case .int64, .uint64, .fixed64, .sfixed64, .sint64: return "\"0\""
    case .enum: return types.enums[typeName]?.values.first.map(ParameterValue.quoted) ?? "0"
    default: return "0"
    }
  }
}
