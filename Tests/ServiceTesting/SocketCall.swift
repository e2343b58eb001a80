import CNGHTTP2
import Glibc
import Primitives
package import ProtoWire
package import RPCCore
import TestSupport

/// One gRPC call over a connection of its own: nghttp2 on a plain blocking socket, so that nothing of it is what is
/// under test. Reads only when it is told to.
// @unchecked Sendable: one thread at a time; tests hand it from one to the next.
package final class SocketCall: @unchecked Sendable {
  package private(set) var fields: [String: [UInt8]] = [:]
  package private(set) var isClosed = false
  private var received: [UInt8] = []
  private var body: [UInt8]
  private let descriptor: Int32
  private var session: OpaquePointer?

  /// - Parameter timeout: the value of grpc-timeout.
  package init(port: UInt16, _ method: MethodDescriptor, message: [UInt8], timeout: String? = nil) throws {
    let length = UInt32(message.count)
    body = [0] + (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * $0)) } + message
    descriptor = try Self.connect(port)
    var callbacks: OpaquePointer?
    nghttp2_session_callbacks_new(&callbacks)
    nghttp2_session_callbacks_set_on_header_callback(callbacks, onHeader)
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, onData)
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, onClose)
    nghttp2_session_client_new(&session, callbacks, Unmanaged.passUnretained(self).toOpaque())
    nghttp2_session_callbacks_del(callbacks)
    nghttp2_submit_settings(session, 0, nil, 0)
    submit(
      [
        (":method", "POST"), (":scheme", "http"), (":path", "/\(method.service)/\(method.name)"),
        (":authority", "test"),
        ("te", "trailers"), ("content-type", "application/grpc"),
      ] + (timeout.map { [("grpc-timeout", $0)] } ?? []))
    try flush()
  }

  deinit {
    nghttp2_session_del(session)
    close(descriptor)
  }

  private static func connect(_ port: UInt16) throws -> Int32 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    // A server that says nothing for so long hangs: fail instead.
    var patience = timeval(tv_sec: 30, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    let length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let code = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(descriptor, $0, length) }
    }
    guard code == 0 else {
      close(descriptor)
      throw TestFailure("connect: \(String(cString: strerror(errno)))")
    }
    return descriptor
  }

  private func submit(_ fields: [(String, String)]) {
    // nghttp2 copies names and values before this returns.
    let copies = fields.map { (strdup($0.0), strdup($0.1)) }
    defer { for copy in copies { free(copy.0); free(copy.1) } }
    func bytes(_ text: UnsafeMutablePointer<CChar>?) -> UnsafeMutablePointer<UInt8>? {
      text.map { UnsafeMutableRawPointer($0).assumingMemoryBound(to: UInt8.self) }
    }
    let list = copies.map { name, value in
      nghttp2_nv(
        name: bytes(name), value: bytes(value), namelen: name.map { strlen($0) } ?? 0,
        valuelen: value.map { strlen($0) } ?? 0, flags: 0)
    }
    var provider = nghttp2_data_provider()
    provider.read_callback = readBody
    nghttp2_submit_request(session, nil, list, list.count, &provider, nil)
  }

  // MARK: Bytes

  /// Reads until `condition` holds or the stream is closed.
  package func read(until condition: (SocketCall) -> Bool) throws {
    var buffer = [UInt8](repeating: 0, count: 16_384)
    while !isClosed, !condition(self) {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      guard count > 0 else { throw TestFailure(count == 0 ? "the server hung up" : String(cString: strerror(errno))) }
      guard nghttp2_session_mem_recv(session, buffer, count) >= 0 else { throw TestFailure("not HTTP/2") }
      try flush()
    }
  }

  private func flush() throws {
    var data: UnsafePointer<UInt8>?
    while true {
      let count = nghttp2_session_mem_send(session, &data)
      guard count > 0 else { return }
      var sent = 0
      while sent < count {
        let written = send(descriptor, data.map { $0 + sent }, count - sent, Int32(MSG_NOSIGNAL))
        guard written > 0 else { throw TestFailure("send: \(String(cString: strerror(errno)))") }
        sent += written
      }
    }
  }

  fileprivate func set(_ name: String, _ value: [UInt8]) { fields[name] = value }
  fileprivate func append(_ bytes: UnsafeBufferPointer<UInt8>) { received += bytes }
  fileprivate func end() { isClosed = true }
  fileprivate func takeBody(_ count: Int) -> [UInt8] {
    defer { body.removeFirst(min(count, body.count)) }
    return Array(body.prefix(count))
  }
  fileprivate var isBodySent: Bool { body.isEmpty }

  // MARK: Messages

  package var receivedBytes: Int { received.count }

  /// All whole messages so far.
  package func messages<Message: WireMessage>(as type: Message.Type = Message.self) throws -> [Message] {
    var (messages, rest): ([Message], ArraySlice<UInt8>) = ([], received[...])
    while rest.count >= 5 {
      let length = rest.dropFirst().prefix(4).reduce(0) { $0 << 8 | Int($1) }
      guard rest.count >= 5 + length else { break }
      messages.append(try Message(wireBytes: Array(rest.dropFirst(5).prefix(length))))
      rest = rest.dropFirst(5 + length)
    }
    return messages
  }

  /// How the call ended; nil if well.
  package func status() throws -> CallStatus? {
    guard let code = fields["grpc-status"].flatMap({ Int(String(decoding: $0, as: UTF8.self)) }) else {
      throw TestFailure("no grpc-status")
    }
    guard code != 0 else { return nil }
    let details = fields["grpc-status-details-bin"].flatMap { $0.withUnsafeBytes { Base64.decode($0) } }
    return CallStatus(
      code: StatusCode(rawValue: code), message: PercentEncoding.decode(fields["grpc-message"] ?? []),
      details: try details.map { try Google_Rpc_Status(wireBytes: $0).details } ?? [])
  }
}

private func call(_ userData: UnsafeMutableRawPointer?) -> SocketCall? {
  userData.map { Unmanaged<SocketCall>.fromOpaque($0).takeUnretainedValue() }
}

private let onHeader: nghttp2_on_header_callback = { _, _, name, nameLength, value, valueLength, _, userData in
  let name = String(decoding: UnsafeBufferPointer(start: name, count: nameLength), as: UTF8.self)
  call(userData)?.set(name, Array(UnsafeBufferPointer(start: value, count: valueLength)))
  return 0
}

private let onData: nghttp2_on_data_chunk_recv_callback = { _, _, _, data, count, userData in
  call(userData)?.append(UnsafeBufferPointer(start: data, count: count))
  return 0
}

private let onClose: nghttp2_on_stream_close_callback = { _, _, _, userData in
  call(userData)?.end()
  return 0
}

private let readBody: nghttp2_data_source_read_callback = { _, _, buffer, length, flags, _, userData in
  guard let call = call(userData) else { return Int(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue) }
  let bytes = call.takeBody(length)
  buffer?.update(from: bytes, count: bytes.count)
  if call.isBodySent { flags?.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue }
  return bytes.count
}
