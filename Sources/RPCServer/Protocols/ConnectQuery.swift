internal import Primitives
import RPCCore

/// A unary call in the query of a GET request. https://connectrpc.com/docs/protocol#unary-get-request
struct ConnectQuery {
  private(set) var message: [UInt8]?
  private(set) var encoding: String?
  private(set) var compression: String?
  private(set) var version: String?
  private var isBase64 = false
  private(set) var fault: String?

  init(_ query: some Sequence<UInt8>) {
    var text: [UInt8]?
    for part in Array(query).split(separator: UInt8(ascii: "&")) {
      let pair = part.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
      guard let value = Self.decoded(pair.count > 1 ? pair[1] : []) else {
        fault = "the query is not percent-encoded"
        return
      }
      let word = String(decoding: value, as: UTF8.self)
      switch String(decoding: pair[0], as: UTF8.self) {
      case "message": text = value
      case "encoding": encoding = word
      case "compression": compression = word
      case "connect": version = word
      case "base64": isBase64 = word == "1"
      default: break
      }
    }
    message = isBase64 ? text.flatMap(Self.decodedBase64) : text
    if text == nil { fault = "the query has no message" } else if message == nil { fault = "message is not base64url" }
    if version != nil, version != "v1" { fault = "connect is not v1" }
  }

  private static func decoded(_ text: ArraySlice<UInt8>) -> [UInt8]? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count)
    var rest = text
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "+"): bytes.append(UInt8(ascii: " "))
      case UInt8(ascii: "%"):
        guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit) else { return nil }
        bytes.append(high << 4 | low)
      default: bytes.append(byte)
      }
    }
    return bytes
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }

  /// base64url (RFC 4648, section 5), with padding or without.
  private static func decodedBase64(_ text: [UInt8]) -> [UInt8]? {
    let standard = text.map { byte -> UInt8 in
      switch byte {
      case UInt8(ascii: "-"): UInt8(ascii: "+")
      case UInt8(ascii: "_"): UInt8(ascii: "/")
      // One of the other alphabet, or a space that a "+" became.
      case UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: " "): 0
      default: byte
      }
    }
    return standard.withUnsafeBytes { Base64.decode($0) }
  }
}
