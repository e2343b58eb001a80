/// `accept-encoding`. RFC 9110, section 12.5.3.
enum AcceptedEncoding {
  /// Whether the client takes gzip, and not with a weight of zero.
  static func takesGzip(_ field: String) -> Bool {
    var any = false
    for part in field.split(separator: ",") {
      let pieces = part.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" }.lowercased() }
      guard let coding = pieces.first else { continue }
      let weight = pieces.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) } ?? 1
      if coding == "gzip" || coding == "x-gzip" { return weight > 0 }
      if coding == "*" { any = weight > 0 }
    }
    return any
  }
}
