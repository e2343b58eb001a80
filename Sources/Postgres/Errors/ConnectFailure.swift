import CPostgres

/// What libpq says of an attempt to connect that failed.
///
/// libpq doesn't hand out the server's ErrorResponse: there is no result with a SQLSTATE, only a message, in the
/// language of the server's `lc_messages`. With PQERRORS_VERBOSE, set before the first PQconnectPoll, the message has
/// the SQLSTATE between colons, in any language: `FATAL:  28P01: password authentication failed …`. (With
/// PQERRORS_SQLSTATE it has nothing else.) Failures that libpq itself finds have no SQLSTATE, and are never translated,
/// since this program never calls setlocale: their words tell them apart.
/// https://www.postgresql.org/docs/15/libpq-control.html#LIBPQ-PQSETERRORVERBOSITY
enum ConnectFailure {
  /// - Parameter label: the host, as the operator wrote it.
  static func error(_ text: String, at label: String) -> PostgresError {
    let (state, reason) = parse(text)
    let code = state.map(SQLState.code).flatMap { $0 == .connectionFailed ? nil : $0 } ?? code(of: reason)
    let server = state.map { state in
      var fields = PostgresError.ServerFields()
      fields.sqlState = state
      return fields
    }
    return PostgresError(
      isLasting(code) || code == .readOnlyServer ? code : .unavailable,
      "Could not connect to the database at \(label): \(reason)", server: server, isSafeToRetry: true)
  }

  /// The SQLSTATE of the last attempt in the text, and the whole text on one line.
  static func parse(_ text: String) -> (state: String?, reason: String) {
    var state: String?
    var parts: [Substring] = []
    for line in text.split(separator: "\n").map({ $0.trimmingPrefix { $0.isWhitespace } }) {
      // Where in its source the server found it.
      if line.hasPrefix("LOCATION:") { continue }
      if let (code, rest) = coded(line) {
        state = code
        parts.append(rest)
      } else {
        // A line of libpq itself, with which another attempt begins.
        if line.hasPrefix("connection to server") { state = nil }
        parts.append(line)
      }
    }
    return (state, parts.isEmpty ? "no reason given" : parts.joined(separator: " "))
  }

  /// `SEVERITY:  28P01: what happened`, whatever stands before it.
  private static func coded(_ line: Substring) -> (code: String, rest: Substring)? {
    var start = line.startIndex
    while let colon = line[start...].firstIndex(of: ":") {
      start = line.index(after: colon)
      let rest = line[start...]
      guard rest.hasPrefix("  ") else { continue }
      let code = rest.dropFirst(2).prefix(5)
      let isCode = code.utf8.count == 5 && code.allSatisfy { $0.isASCII && ($0.isNumber || $0.isUppercase) }
      if isCode, rest.dropFirst(7).hasPrefix(": ") { return (String(code), rest.dropFirst(9)) }
    }
    return nil
  }

  /// Words of libpq 15 (fe-auth.c, fe-connect.c, fe-secure-openssl.c), and of PgBouncer 1.18, which gives 08P01
  /// as the SQLSTATE of nearly everything.
  private static let words: [(String, PostgresError.Code)] = [
    ("no password supplied", .invalidAuthorization),
    ("channel binding", .invalidAuthorization),
    ("certificate verify failed", .tlsFailed),
    ("does not match host name", .tlsFailed),
    ("root certificate file", .tlsFailed),
    ("server does not support SSL", .tlsFailed),
    ("could not read certificate file", .tlsFailed),
    ("could not load private key file", .tlsFailed),
    ("private key file", .tlsFailed),
    ("certificate present, but not private key", .tlsFailed),
    ("alert unknown ca", .tlsFailed),
    ("alert certificate", .tlsFailed),
    ("session is ", .readOnlyServer),
    ("hot standby mode", .readOnlyServer),
    ("no such database", .databaseNotFound),
    ("unsupported startup parameter", .invalidConfiguration),
  ]

  private static func code(of reason: String) -> PostgresError.Code {
    words.first { reason.contains($0.0) }?.1 ?? .unavailable
  }

  static func isLasting(_ code: PostgresError.Code) -> Bool {
    switch code {
    case .invalidAuthorization, .databaseNotFound, .insufficientPrivilege, .tlsFailed, .invalidConfiguration,
      .undefinedObject, .dataInvalid:
      true
    default: false
    }
  }

  /// Of several hosts' failures, the heaviest is reported. A failure that passes by itself (the server is starting, is
  /// full, is a standby) outweighs a refusal, because waiting helps. A refusal outweighs a host that doesn't answer,
  /// because `localhost` usually has such an address.
  static func weight(_ error: PostgresError) -> Int {
    if error.isLasting { return 1 }
    return error.sqlState != nil || error.code == .readOnlyServer ? 2 : 0
  }
}

extension PostgresError {
  /// Whether waiting can't help, because the server, or TLS on the way to it, refuses the connection as it is
  /// configured: a wrong password, an unknown database, no entry in pg_hba.conf, an untrusted certificate.
  public var isLasting: Bool { ConnectFailure.isLasting(code) }
}
