import ProtoWire
import UserAPI

/// A user in a file that is imported.
struct ImportRow: Sendable {
  var request: CreateUserRequest
  /// A hash of the user's password, as crypt(3) or passlib writes it; empty without one.
  var passwordHash = ""

  /// Why a row can't be read.
  struct Fault: Error {
    let message: String
  }

  /// A line of JSON: a `users.v1.User`, whose id is kept, perhaps with a `passwordHash` beside its fields.
  init(json: ArraySlice<UInt8>, _ transcoder: JSONTranscoder) throws(Fault) {
    do throws(JSONError) {
      // The fields of the row that are no user's are those of SetPasswordRequest.
      let text = String(decoding: json, as: UTF8.self)
      let (user, hash) = Self.split(text)
      let found = try User(json: user, transcoder)
      request = Self.request(found)
      if let hash { passwordHash = try SetPasswordRequest(json: hash, transcoder).passwordHash ?? "" }
    } catch {
      throw Fault(message: "is no user: \(error)")
    }
  }

  /// A line of a table, by the names of its columns.
  init(fields: [String], columns: [String], _ transcoder: JSONTranscoder) throws(Fault) {
    guard fields.count == columns.count else {
      throw Fault(message: "has \(fields.count) fields, and the table has \(columns.count) columns")
    }
    var user = User()
    for (column, field) in zip(columns, fields) {
      switch column {
      case "id": user.id = field
      case "email": user.email = field
      case "name": user.name = field
      case "password_hash": passwordHash = field
      case "labels" where !field.isEmpty:
        do throws(JSONError) {
          user.labels = try User(json: "{\"labels\": \(field)}", transcoder).labels
        } catch {
          throw Fault(message: "has labels that are no object of texts")
        }
      // What the server sets, in a file that `export` wrote.
      default: break
      }
    }
    request = Self.request(user)
  }

  /// The columns that a table may have; those that only the server sets are ignored.
  static let columns = Set(UserFormat.columns + ["password_hash"])

  private static func request(_ user: User) -> CreateUserRequest {
    .with {
      $0.userID = user.id
      $0.user = .with { ($0.email, $0.name, $0.labels) = (user.email, user.name, user.labels) }
    }
  }

  /// Takes `"passwordHash": "…"` out of an object: hashes have no character that JSON escapes.
  private static func split(_ text: String) -> (user: String, hash: String?) {
    for name in ["\"passwordHash\"", "\"password_hash\""] {
      guard let key = text.firstRange(of: name) else { continue }
      let rest = text[key.upperBound...]
      guard let open = rest.firstIndex(of: "\""), rest[..<open].allSatisfy({ $0 == ":" || $0.isWhitespace }),
        let close = rest[rest.index(after: open)...].firstIndex(of: "\"")
      else { continue }
      var before = text[..<key.lowerBound]
      var after = text[text.index(after: close)...].drop { $0.isWhitespace }
      if after.first == "," {
        after.removeFirst()
      } else {
        while let last = before.last, last == "," || last.isWhitespace { before.removeLast() }
      }
      return (String(before) + String(after), "{\"passwordHash\": \(rest[open...close])}")
    }
    return (text, nil)
  }
}
