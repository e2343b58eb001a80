internal import Primitives

/// Why the text of a key can't be used. None of them has anything secret in it.
public enum KeyFault: Error, Sendable, Hashable, CustomStringConvertible {
  case notJSON
  /// A member that is missing, has the wrong type, or a value that is not supported.
  case member(String)
  /// The secret is too short or too long, or the halves don't belong together.
  case notAKey

  /// The rest of a sentence that begins with "the key".
  public var description: String {
    switch self {
    case .notJSON: "is not a JSON object"
    case .member(let name): "has no usable member '\(name)'"
    case .notAKey: "is damaged: it is not a valid key for its algorithm, or its halves do not match"
    }
  }
}

/// Keys as JSON. RFC 7517, RFC 7518 (section 6), RFC 8037 (section 2). Two members are our own: `created` and
/// `not_before`, in seconds since 1970.
extension TokenKey {
  /// Reads a key. `kid` and `alg` must be in it: a key has one algorithm.
  public static func parse(jwk bytes: [UInt8]) throws(KeyFault) -> TokenKey {
    guard let object = JSONObject(bytes) else { throw .notJSON }
    guard let id = object.text("kid"), isValid(id: id) else { throw .member("kid") }
    guard let algorithm = object.text("alg").flatMap(SignatureAlgorithm.init) else { throw .member("alg") }
    guard object.text("kty") == algorithm.keyType else { throw .member("kty") }
    guard object.text("crv") == algorithm.curve else { throw .member("crv") }
    if object.has("use"), object.text("use") != "sig" { throw .member("use") }
    let names = algorithm.members
    func number(_ name: String, isRequired: Bool) throws(KeyFault) -> [UInt8]? {
      guard object.has(name) || isRequired else { return nil }
      guard let bytes = object.text(name).flatMap({ Base64URL.decode($0) }) else { throw .member(name) }
      return bytes
    }
    let secret = try number(names.secret, isRequired: !algorithm.isAsymmetric)
    var half: [UInt8]?
    for name in names.publicHalf {
      guard let part = try number(name, isRequired: true), part.count == 32 else { throw .member(name) }
      half = (half ?? []) + part
    }
    guard let material = Material(algorithm, secret: secret, publicHalf: half) else { throw .notAKey }
    return TokenKey(
      id: id, algorithm: algorithm, createTime: try time("created", object), notBefore: try time("not_before", object),
      material: material)
  }

  private static func time(_ name: String, _ object: JSONObject) throws(KeyFault) -> Int64 {
    guard object.has(name) else { return 0 }
    guard let seconds = object.seconds(name), seconds >= 0 else { throw .member(name) }
    return seconds
  }

  /// Whether a text may be the id of a key: it can name a file, and is short enough for the header of a token.
  static func isValid(id: String) -> Bool {
    (1...64).contains(id.utf8.count) && id.utf8.first != UInt8(ascii: ".")
      && id.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
          true
        default: false
        }
      }
  }

  /// The key with its secret, for its file.
  func secretJWK() -> String {
    var writer = JSONObjectWriter()
    writePublicMembers(&writer)
    writer.add("created", createTime)
    writer.add("not_before", notBefore)
    if let secret { writer.add(algorithm.members.secret, Base64URL.encode(secret)) }
    return writer.finish()
  }

  /// The public half, for a JWK Set that everybody may read. Nil for HS256, which has none.
  public func publicJWK() -> String? {
    guard algorithm.isAsymmetric else { return nil }
    var writer = JSONObjectWriter()
    writePublicMembers(&writer)
    return writer.finish()
  }

  /// The public half, as the members of a JWK have it. Nil for HS256, which has none.
  public var publicNumbers: (type: String, curve: String, x: String, y: String)? {
    guard case .pair(let pair) = material, let curve = algorithm.curve else { return nil }
    let parts = algorithm.members.publicHalf.indices.map {
      Base64URL.encode(Array(pair.publicHalf[($0 * 32)..<($0 * 32 + 32)]))
    }
    return (algorithm.keyType, curve, parts[0], parts.count > 1 ? parts[1] : "")
  }

  private func writePublicMembers(_ writer: inout JSONObjectWriter) {
    writer.add("kty", algorithm.keyType)
    writer.add("kid", id)
    writer.add("alg", algorithm.rawValue)
    writer.add("use", "sig")
    if let curve = algorithm.curve { writer.add("crv", curve) }
    guard case .pair(let pair) = material else { return }
    for (index, name) in algorithm.members.publicHalf.enumerated() {
      writer.add(name, Base64URL.encode(Array(pair.publicHalf[(index * 32)..<(index * 32 + 32)])))
    }
  }

  private var secret: [UInt8]? {
    switch material {
    case .secret(let secret): secret
    case .pair(let pair): pair.secret
    }
  }
}

extension SignatureAlgorithm {
  fileprivate var keyType: String {
    switch self {
    case .hs256: "oct"
    case .es256: "EC"
    case .eddsa: "OKP"
    }
  }

  fileprivate var curve: String? {
    switch self {
    case .hs256: nil
    case .es256: "P-256"
    case .eddsa: "Ed25519"
    }
  }

  /// The members that hold the key's numbers.
  fileprivate var members: (secret: String, publicHalf: [String]) {
    switch self {
    case .hs256: ("k", [])
    case .es256: ("d", ["x", "y"])
    case .eddsa: ("d", ["x"])
    }
  }
}
