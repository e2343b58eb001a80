internal import HTTP
import RPCCore

/// The header block of a request, as metadata when a handler asks for it.
struct BlockHeaders: RequestHeaders {
  let block: HeaderBlock

  func metadata() -> Metadata {
    var metadata = Metadata()
    block.forEach { name, value in
      metadata.addReceived(name: String(decoding: name, as: UTF8.self), value: value)
    }
    return metadata
  }
  func forEachValue(of name: StaticString, _ body: (UnsafeRawBufferPointer) -> Void) {
    block.forEach { other, value in
      if other.equals(name) { body(value) }
    }
  }
}
