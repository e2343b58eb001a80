/// The keys that are in use together, by their ids. A value: reading the files again makes a new set.
public struct KeySet: Sendable {
  private let byID: [String: TokenKey]

  /// Of keys with the same id, the last one counts.
  public init(_ keys: [TokenKey] = []) {
    byID = Dictionary(keys.map { ($0.id, $0) }) { _, last in last }
  }

  /// Whether there are none.
  public var isEmpty: Bool { byID.isEmpty }

  /// All keys, the newest last.
  public var keys: [TokenKey] { byID.values.sorted(by: Self.isOlder) }

  /// The key of an id.
  public subscript(id: String) -> TokenKey? { byID[id] }

  /// The key that signs now: the newest of those whose `notBefore` has passed. Nil if there is none.
  /// - Parameter now: seconds since 1970.
  public func signer(now: Int64) -> TokenKey? {
    byID.values.filter { $0.canSign && $0.notBefore <= now }.max(by: Self.isOlder)
  }

  /// The public halves as a JWK Set (RFC 7517, section 5). Without keys of HS256, which have none.
  public func publicJWKs() -> String {
    #"{"keys":["# + keys.compactMap { $0.publicJWK() }.joined(separator: ",") + "]}"
  }

  /// Whether both have the same keys, secrets and all.
  public func hasSameKeys(as other: KeySet) -> Bool {
    byID.count == other.byID.count && byID.allSatisfy { other[$0]?.secretJWK() == $1.secretJWK() }
  }

  private static func isOlder(_ one: TokenKey, _ other: TokenKey) -> Bool {
    (one.notBefore, one.createTime, one.id) < (other.notBefore, other.createTime, other.id)
  }
}
