internal import Primitives

/// A JSON Web Signature in its compact form (RFC 7515, section 7.1): header, payload and signature in base64url, with
/// dots between. Only what access tokens need: no unencoded payload, no keys in headers, no extensions.
struct CompactJWS {
  /// The most bytes that are looked at; header sections of HTTP have no room for much more.
  static let sizeLimit = 8192

  let header: JSONObject
  let payload: [UInt8]
  let signature: [UInt8]
  /// How many bytes of the text are signed.
  let signedCount: Int

  /// Nil if the bytes are no such text. Nothing is verified yet.
  init?(_ text: UnsafeRawBufferPointer) {
    guard text.count <= Self.sizeLimit else { return nil }
    let dot = UInt8(ascii: ".")
    guard let first = text.firstIndex(of: dot), let last = text.lastIndex(of: dot), first < last else { return nil }
    // A third dot is no character of base64url: decoding the payload refuses it.
    guard let header = Self.decode(text[..<first]).flatMap(JSONObject.init),
      let payload = Self.decode(text[(first + 1)..<last]), let signature = Self.decode(text[(last + 1)...])
    else { return nil }
    self.header = header
    self.payload = payload
    self.signature = signature
    signedCount = last
  }

  private static func decode(_ part: Slice<UnsafeRawBufferPointer>) -> [UInt8]? {
    Base64URL.decode(UnsafeRawBufferPointer(rebasing: part))
  }

  /// The text of a payload that a key signs. Nil if the key can't sign.
  static func sign(_ payload: String, type: String, key: TokenKey) -> String? {
    var header = JSONObjectWriter()
    header.add("alg", key.algorithm.rawValue)
    header.add("kid", key.id)
    header.add("typ", type)
    var text = Base64URL.encode(Array(header.finish().utf8)) + "." + Base64URL.encode(Array(payload.utf8))
    guard let signature = text.withUTF8({ key.sign(UnsafeRawBufferPointer($0)) }) else { return nil }
    return text + "." + Base64URL.encode(signature)
  }
}
