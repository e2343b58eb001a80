import ArgumentParser
import ProtoWire
import UserAPI

/// How users stand in files.
enum UserFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
  /// A line of ProtoJSON each. https://github.com/ndjson/ndjson-spec
  case ndjson
  /// A table with a head. https://www.rfc-editor.org/rfc/rfc4180
  case csv

  /// The columns of a table. Labels are a JSON object.
  static let columns = [
    "id", "email", "name", "labels", "state", "create_time", "update_time", "delete_time", "purge_time",
  ]

  /// The line before the first user; nil for none.
  var head: String? { self == .csv ? CSV.line(Self.columns) : nil }

  /// The line of a user, without its end.
  func line(_ user: User, _ transcoder: JSONTranscoder) throws(JSONError) -> String {
    guard self == .csv else { return try user.json(transcoder) }
    func text(_ time: Google_Protobuf_Timestamp?) throws(JSONError) -> String {
      guard let time else { return "" }
      return String(try time.json(transcoder).dropFirst().dropLast())
    }
    // The labels as ProtoJSON writes them in a user that has nothing else.
    let labels = try User.with { $0.labels = user.labels }.json(transcoder)
    return CSV.line([
      user.id, user.email, user.name, user.labels.isEmpty ? "" : String(labels.dropFirst(10).dropLast()),
      user.state == .deleted ? "deleted" : "active", try text(user.createTime), try text(user.updateTime),
      try text(user.deleteTime), try text(user.purgeTime),
    ])
  }
}
