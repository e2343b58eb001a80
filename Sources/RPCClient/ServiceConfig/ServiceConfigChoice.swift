internal import ProtoWire

/// The service config that the owner of a name publishes in DNS. Pure.
///
/// A TXT record of `_grpc_config.NAME` has `grpc_config=` and a JSON list of choices. The first counts that is for this
/// client: for its language, its host, and the part of all clients to which it belongs.
/// https://github.com/grpc/proposal/blob/master/A2-service-configs-in-dns.md
enum ServiceConfigChoice {
  /// What a choice calls the language of this client.
  static let language = "swift"
  private static let prefix = "grpc_config="

  /// The name whose TXT records are asked for.
  static func name(of host: String) -> String { "_grpc_config.\(host)" }

  /// - Parameters:
  ///   - records: the texts of all TXT records.
  ///   - host: the name of this machine.
  ///   - percent: 0 to 99: which part of all clients this one belongs to.
  /// - Returns: nil if no choice is for this client.
  /// - Throws: `ChannelError` if there is a config that can't be read.
  static func config(_ records: [String], host: String, percent: Int) throws(ChannelError) -> ServiceConfig? {
    guard let record = records.first(where: { $0.hasPrefix(prefix) }) else { return nil }
    let choices: Grpc_ServiceConfig_ServiceConfigChoices = try ServiceConfig.read(
      "{\"choices\": \(record.dropFirst(prefix.count))}")
    for choice in choices.choices {
      let languages = choice.clientLanguage
      guard languages.isEmpty || languages.contains(where: { $0.lowercased() == language }) else { continue }
      guard choice.clientHostName.isEmpty || choice.clientHostName.contains(host) else { continue }
      if let percentage = choice.percentage?.value, percent >= Int(percentage) { continue }
      return try ServiceConfig(choice.serviceConfig ?? .init())
    }
    return nil
  }
}
