internal import UserAPI

/// Makes chunks of the messages of an import: validates each user, and finds those that stand twice in a chunk. Pure.
struct ImportAssembler {
  /// A chunk is a transaction: large enough that its commit costs little, small enough that it is soon done.
  static let maximumRows: Int64 = 2000
  /// Roughly, in bytes.
  static let maximumSize = 2 << 20

  private let ids: UserIDGenerator
  private(set) var chunk: ImportChunk
  private var size = 0
  private var seenIDs: Set<UserID> = []
  private var seenEmails: Set<[UInt8]> = []

  /// - Parameter first: the index of the first row that is to be merged.
  init(importID: UserID, first: Int64, ids: UserIDGenerator) {
    self.ids = ids
    chunk = ImportChunk(importID: importID, firstIndex: first)
  }

  /// Whether the chunk should be merged before more is added.
  var isFull: Bool { chunk.rowCount >= Self.maximumRows || size >= Self.maximumSize }

  /// Adds the next user.
  mutating func add(_ user: ImportedUser?) {
    let index = chunk.endIndex
    chunk.rowCount += 1
    var violations = FieldViolations()
    if let row = row(user, index, into: &violations) {
      if !seenIDs.insert(row.user.id).inserted { return chunk.failures.append(.alreadyExists(.id, at: index)) }
      // Bytes, not characters: what Swift takes for equal may be two emails.
      if !seenEmails.insert(Array(row.user.email.normalForm.utf8)).inserted {
        return chunk.failures.append(.alreadyExists(.email, at: index))
      }
      size += 200 + row.user.email.address.utf8.count * 2 + row.user.name.utf8.count
      for (key, value) in row.user.labels { size += key.utf8.count + value.utf8.count + 8 }
      chunk.rows.append(row)
    } else if let first = violations.items.first {
      size += 200
      chunk.failures.append(
        ImportRowFailure(
          index: index, reason: first.reason.rawValue, field: Self.withoutKey(first.field),
          description: first.description))
    }
  }

  /// Hands the chunk out, and begins the next one.
  mutating func take() -> ImportChunk {
    let taken = chunk
    chunk = ImportChunk(importID: taken.importID, firstIndex: taken.endIndex)
    size = 0
    seenIDs.removeAll(keepingCapacity: true)
    seenEmails.removeAll(keepingCapacity: true)
    return taken
  }

  private func row(
    _ user: ImportedUser?, _ index: Int64, into violations: inout FieldViolations
  ) -> ImportRow? {
    guard let user else {
      violations.add("user", .required, "must be given")
      return nil
    }
    let id = user.id.isEmpty ? ids.next() : FieldRules.newID(user.id, field: "id", into: &violations)
    let email = FieldRules.email(user.email, field: "email", into: &violations)
    let name = FieldRules.name(user.name, field: "name", into: &violations)
    let labels = FieldRules.labels(user.labels, field: "labels", into: &violations)
    var hash: String?
    if !user.passwordHash.isEmpty {
      hash = PasswordHash(user.passwordHash)?.text
      if hash == nil { violations.add("password_hash", .invalidFormat, "must be of a scheme that is accepted") }
    }
    guard violations.isEmpty, let id, let email, let name, let labels else { return nil }
    return ImportRow(
      index: index,
      user: NewUser(id: id, isIDChosen: !user.id.isEmpty, email: email, name: name, labels: labels),
      passwordHash: hash)
  }

  /// The key of a label may be an email: failures are kept.
  private static func withoutKey(_ field: String) -> String {
    String(field.prefix { $0 != "[" })
  }
}
