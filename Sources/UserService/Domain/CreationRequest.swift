internal import Tokens

/// What makes a creation happen once: the id that its caller gave the request, and what tells its fields from those of
/// another request. https://google.aip.dev/155
public struct CreationRequest: Sendable, Hashable {
  /// The request's id: a UUID that the caller made.
  public let id: UserID
  /// 16 bytes that other fields would not have. They tell nothing of the fields to who does not know the id.
  public let fingerprint: [UInt8]

  /// A request.
  public init(id: UserID, fingerprint: [UInt8]) {
    self.id = id
    self.fingerprint = fingerprint
  }

  /// The request of a creation. Nil if OpenSSL is out of memory.
  init?(id: UserID, of user: NewUser) {
    var bytes: [UInt8] = []
    func append(_ text: String) {
      withUnsafeBytes(of: UInt64(text.utf8.count).bigEndian) { bytes.append(contentsOf: $0) }
      bytes.append(contentsOf: text.utf8)
    }
    // The id that the server chooses is another one each time.
    append(user.isIDChosen ? user.id.description : "")
    append(user.email.address)
    append(user.name)
    for (key, value) in user.labels.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
      append(key)
      append(value)
    }
    guard let code = HMAC.sha256(bytes, key: Array(id.description.utf8)) else { return nil }
    self.init(id: id, fingerprint: Array(code.prefix(16)))
  }
}
