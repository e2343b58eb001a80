import CPostgres
import Glibc

/// A libpq URL or conninfo string, parsed by libpq itself.
struct ConnectionString: Sendable {
  /// One server to try to connect to.
  struct Host: Sendable, Hashable {
    /// A host name, an IP address, or the directory of a Unix socket. Nil: libpq's default socket.
    var name: String?
    /// The IP address, if it is already known.
    var address: String?
    var port: String?

    /// Whether the client has to resolve the name before it hands the host to libpq, whose own lookup blocks.
    var needsLookup: Bool {
      guard address == nil, let name, let first = name.first else { return false }
      return first != "/" && first != "@" && !Self.isAddress(name)
    }

    private static func isAddress(_ text: String) -> Bool {
      var buffer = in6_addr()
      return text.withCString { inet_pton(AF_INET, $0, &buffer) == 1 || inet_pton(AF_INET6, $0, &buffer) == 1 }
    }

    /// Names the host in messages and logs.
    var label: String { "\(name ?? address ?? "default socket")\(port.map { ":\($0)" } ?? "")" }
  }

  /// All options except host, hostaddr and port.
  private(set) var options: [String: String]
  private(set) var hosts: [Host]

  init(_ text: String) throws(PostgresError) {
    var reason: UnsafeMutablePointer<CChar>?
    guard let parsed = PQconninfoParse(text, &reason) else {
      // libpq's reason quotes parts of the string, which may hold the password.
      if let reason { PQfreemem(reason) }
      throw PostgresError(
        .invalidConfiguration,
        "The database URL cannot be read: write it as postgresql://USER:PASSWORD@HOST:PORT/DATABASE.")
    }
    defer { PQconninfoFree(parsed) }
    var options = Self.values(parsed)
    guard options["service"] == nil else {
      throw PostgresError(.invalidConfiguration, "The database URL must name a host: \"service\" is not supported.")
    }
    // Apply the environment's and libpq's defaults here, so that libpq never looks up a host by itself.
    if let defaults = PQconndefaults() {
      defer { PQconninfoFree(defaults) }
      let known = Self.values(defaults)
      for key in ["host", "hostaddr", "port", "options"] where options[key] == nil { options[key] = known[key] }
    }
    hosts = try Self.hosts(options)
    for key in ["host", "hostaddr", "port"] { options[key] = nil }
    self.options = options
  }

  private static func values(_ first: UnsafeMutablePointer<PQconninfoOption>) -> [String: String] {
    var values: [String: String] = [:]
    var option = first
    while let keyword = option.pointee.keyword {
      if let value = option.pointee.val, value.pointee != 0 {
        values[String(cString: keyword)] = String(cString: value)
      }
      option += 1
    }
    return values
  }

  private static func hosts(_ options: [String: String]) throws(PostgresError) -> [Host] {
    func list(_ key: String) -> [String] {
      options[key]?.split(separator: ",", omittingEmptySubsequences: false).map(String.init) ?? []
    }
    let (names, addresses, ports) = (list("host"), list("hostaddr"), list("port"))
    let count = max(names.count, addresses.count, 1)
    guard names.isEmpty || addresses.isEmpty || names.count == addresses.count,
      ports.count <= 1 || ports.count == count
    else {
      throw PostgresError(.invalidConfiguration, "The database URL must have a port for all hosts or one for each.")
    }
    return (0..<count).map { index in
      func item(_ list: [String]) -> String? {
        let value = index < list.count ? list[index] : (list.count == 1 && index > 0 ? list[0] : "")
        return value.isEmpty ? nil : value
      }
      return Host(
        name: index < names.count ? item(names) : nil, address: index < addresses.count ? item(addresses) : nil,
        port: item(ports))
    }
  }

  /// The connection parameters for one attempt to connect to one host.
  func parameters(for host: Host, _ settings: PostgresConfiguration) -> [(String, String)] {
    var values = options
    values["host"] = host.name
    values["hostaddr"] = host.address
    values["port"] = host.port
    values["client_encoding"] = "UTF8"
    if values["application_name"] == nil { values["application_name"] = settings.applicationName }
    // Looking for Kerberos tickets reads files and uses the network, which blocks. The URL can turn it on.
    if values["gssencmode"] == nil { values["gssencmode"] = "disable" }
    // Detect a peer that vanished without a FIN in seconds, not hours.
    for (key, value) in [
      ("keepalives_idle", "10"), ("keepalives_interval", "5"), ("keepalives_count", "3"), ("tcp_user_timeout", "15000"),
    ] where values[key] == nil {
      values[key] = value
    }
    return values.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  /// The first statement of a new session: it sets the limits that hold for the session, and asks which process serves
  /// it. Settings in the URL's `options` are left as they are.
  func sessionScript(_ settings: PostgresConfiguration, role: Connection.Role) -> String {
    var values = [("statement_timeout", settings.statementTimeout)]
    if role == .shared { values.append(("lock_timeout", settings.readLockTimeout)) }
    // Postgres before 14 has no such setting.
    if settings.connectionCheckInterval > .zero {
      values.append(("client_connection_check_interval", settings.connectionCheckInterval))
    }
    // "--statement-timeout=5s" is another spelling of "-c statement_timeout=5s".
    let own = String((options["options"] ?? "").map { $0 == "-" ? "_" : $0 })
    return values.filter { !own.contains($0.0) }.map { "SET \($0.0) = \($0.1.wholeMilliseconds); " }.joined()
      + "SELECT pg_backend_pid()"
  }
}

extension Duration {
  /// Milliseconds, rounded up; at least 0, at most `Int32.max`, which Postgres and poll accept.
  var wholeMilliseconds: Int32 {
    let (seconds, attoseconds) = components
    if seconds < 0 { return 0 }
    let (value, overflow) = seconds.multipliedReportingOverflow(by: 1000)
    if overflow { return .max }
    let part = (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
    return Int32(clamping: value.addingReportingOverflow(part).overflow ? Int64.max : value + part)
  }
}
