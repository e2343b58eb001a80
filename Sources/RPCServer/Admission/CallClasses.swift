/// The classes of a server by index: 0 is the default class, 1 the essential one; those of the configuration follow.
struct CallClasses: Sendable {
  static let `default` = 0
  static let essential = 1

  let all: [CallClass]

  init(_ configuration: ServerConfiguration = .init()) {
    let defaultClass = CallClass(
      "", methods: [], maximumRunning: configuration.maximumRunningCalls, adaptiveLimit: configuration.adaptiveLimit)
    all = [defaultClass, .essential] + configuration.callClasses
  }

  /// The index of a method's class.
  func index(service: String, method: String) -> Int {
    for name in ["\(service)/\(method)", service] {
      // The configuration takes precedence over the essential class.
      if let index = all.indices.dropFirst(2).first(where: { all[$0].methods.contains(name) }) { return index }
    }
    return CallClass.essential.methods.contains(service) ? Self.essential : Self.default
  }
}
