internal import Compression
internal import EventLoop
internal import HTTP
internal import ProtoWire
internal import Synchronization
internal import Transport

/// What the connections of one loop share, over all channels: its buffers.
// @unchecked Sendable: everything belongs to `loop`'s thread. Each `@exclusivity(unchecked)`: that thread reads and
// writes all of it, and no access calls back into another.
final class ClientLoop: @unchecked Sendable {
  private struct Entry { weak var loop: ClientLoop? }

  private static let all = Mutex<[ObjectIdentifier: Entry]>([:])

  /// The object of a loop. It lives as long as a channel has connections there.
  static func of(_ loop: EventLoop) -> ClientLoop {
    all.withLock { all in
      if let found = all[ObjectIdentifier(loop)]?.loop { return found }
      let made = ClientLoop(loop)
      all[ObjectIdentifier(loop)] = Entry(loop: made)
      return made
    }
  }

  let loop: EventLoop
  /// The buffer that connections read into. Each consumes the bytes before the next one reads.
  let readBuffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 16)
  /// The buffer that TLS decrypts into: it holds one record.
  let plainBuffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 16_384, alignment: 16)
  let tlsBuffers = TLSBuffers()
  /// Encodes requests. Each is copied out before the next one is encoded.
  @exclusivity(unchecked) var writer = WireWriter(capacity: 4096)
  /// Made when the first compressed message arrives or leaves.
  private(set) lazy var codec = MessageCodec()
  /// Gathers the frames of a connection for one write.
  @exclusivity(unchecked) var gather = GatherBuffer()
  /// The exchanges of closed streams; later streams reuse them.
  let exchanges = HTTPExchangePool()

  private init(_ loop: EventLoop) { self.loop = loop }

  deinit {
    readBuffer.deallocate()
    plainBuffer.deallocate()
    let id = ObjectIdentifier(loop)
    // A newer object may have been made since nobody referred to this one.
    Self.all.withLock { all in
      if all[id]?.loop == nil { all[id] = nil }
    }
  }
}
