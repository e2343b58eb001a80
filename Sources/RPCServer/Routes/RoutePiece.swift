import ProtoWire

/// A piece of a route's response on its way from the handler to `RouteFormat`: perhaps a head, and bytes of the body.
/// A message only to go where messages go; its bytes are no protobuf.
struct RoutePiece: WireMessage {
  static let messageName = "http.Piece"

  /// Status and fields, a line each; nil in all pieces but the first.
  private var head: String?
  private var body: [UInt8] = []
  var unknownFields = UnknownFields()

  init() {}

  init(_ body: [UInt8]) { self.body = body }

  init(_ response: HTTPResponse, _ body: [UInt8]) {
    // What can't be in a field can't divide the response either. RFC 9110, section 5.5.
    let fields = response.headers.filter { !$0.name.isEmpty && ($0.name + $0.value).utf8.allSatisfy { $0 >= 0x20 } }
    head = ([String(response.status)] + fields.flatMap { [$0.name, $0.value] }).joined(separator: "\n")
    self.body = body
  }

  mutating func decodeFields(from reader: inout WireReader) throws(WireError) {
    while true {
      let tag = try reader.nextTag()
      if tag == 0 { return }
      if try reader.readUnknown(tag, into: &unknownFields) { return }
    }
  }

  func encodeFields(into writer: inout WireWriter) {
    body.withUnsafeBytes { writer.prependBytes($0) }
    let head = Array((head ?? "").utf8)
    head.withUnsafeBytes { writer.prependBytes($0) }
    writer.prependBigEndian(UInt32(head.count))
  }

  /// What `encodeFields` wrote.
  struct Parts {
    var status: Int?
    var fields: [(String, String)] = []
    let body: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) {
      guard bytes.count >= 4 else {
        body = bytes
        return
      }
      let length = min(Int(UInt32(bigEndian: bytes.loadUnaligned(as: UInt32.self))), bytes.count - 4)
      body = UnsafeRawBufferPointer(rebasing: bytes[(4 + length)...])
      let lines = String(decoding: bytes[4..<(4 + length)], as: UTF8.self)
        .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
      status = lines.first.flatMap { Int($0) }
      for index in stride(from: 1, to: lines.count - 1, by: 2) { fields.append((lines[index], lines[index + 1])) }
    }
  }
}
