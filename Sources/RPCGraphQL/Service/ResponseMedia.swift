/// What a response is written as. https://graphql.github.io/graphql-over-http/draft/#sec-Media-Types
enum ResponseMedia: Equatable {
  /// application/graphql-response+json: the status says whether the request was executed.
  case graphQL
  /// application/json: 200 for whatever is a request.
  case json
  /// text/event-stream
  case events

  var contentType: String {
    switch self {
    case .graphQL: "application/graphql-response+json; charset=utf-8"
    case .json: "application/json; charset=utf-8"
    case .events: "text/event-stream"
    }
  }

  /// What the client likes best; JSON if it does not care, and nil if it takes none of them.
  init?(accept: String?) {
    guard let accept, !accept.isEmpty else {
      self = .json
      return
    }
    var best: (media: ResponseMedia, weight: Double)?
    for range in Self.ranges(accept) {
      let media: ResponseMedia
      switch range.type {
      case "application/graphql-response+json": media = .graphQL
      case "application/json", "application/*", "*/*": media = .json
      case "text/event-stream", "text/*": media = .events
      default: continue
      }
      if range.weight > best?.weight ?? 0 { best = (media, range.weight) }
    }
    guard let best else { return nil }
    self = best.media
  }

  /// Whether a browser asks for a page.
  static func wantsPage(_ accept: String?) -> Bool {
    ranges(accept ?? "").contains { $0.type == "text/html" && $0.weight > 0 }
  }

  /// RFC 9110, section 12.5.1.
  private static func ranges(_ accept: String) -> [(type: String, weight: Double)] {
    accept.split(separator: ",").map { part in
      let pieces = part.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" }.lowercased() }
      let weight = pieces.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) } ?? 1
      return (pieces.first ?? "", weight)
    }
  }
}
