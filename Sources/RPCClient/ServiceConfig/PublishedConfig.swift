internal import Glibc
internal import RPCCore
internal import Synchronization

/// The service config that a channel finds in DNS beside the addresses of its target. Any thread.
final class PublishedConfig: Sendable {
  typealias LookUp = @Sendable (String) async -> Result<[String], TextRecords.Failure>

  /// What counts for the calls from now on.
  struct Current: Sendable {
    let config: ServiceConfig
    let throttle: RetryThrottle?
    /// Another number, another config.
    let version: Int
  }

  private struct State {
    var current: Current?
    /// The records that it was made of.
    var records: [String]?
  }

  private let name: String
  private let fallback: ServiceConfig
  private let lookUp: LookUp
  private let hostName: String
  /// Which part of all clients this channel belongs to.
  private let percent: Int
  private let state = Mutex(State())

  /// - Parameters:
  ///   - fallback: counts while there is none, or none that can be read.
  ///   - percent: 0 to 99.
  init(
    of host: String, fallback: ServiceConfig, hostName: String = PublishedConfig.ownHostName,
    percent: Int = Int.random(in: 0..<100),
    lookUp: LookUp? = nil
  ) {
    name = ServiceConfigChoice.name(of: host)
    self.fallback = fallback
    self.hostName = hostName
    self.percent = percent
    self.lookUp = lookUp ?? { name in await TextRecords().texts(of: name) }
  }

  /// Nil before the first look-up has ended.
  var current: Current? { state.withLock { $0.current } }

  /// Looks the config up. What can't be looked up or read leaves the one from before in place.
  /// - Returns: what is wrong; nil if nothing is.
  func renew() async -> String? {
    switch await lookUp(name) {
    case .failure(let failure):
      keep()
      return "\(name): \(failure)"
    case .success(let records):
      if state.withLock({ $0.records == records }) { return nil }
      do throws(ChannelError) {
        let config = try ServiceConfigChoice.config(records, host: hostName, percent: percent)
        adopt(config ?? fallback, records)
        return nil
      } catch {
        keep()
        return "\(name): \(error)"
      }
    }
  }

  private func keep() {
    if current == nil { adopt(fallback, nil) }
  }

  private func adopt(_ config: ServiceConfig, _ records: [String]?) {
    state.withLock { state in
      state.records = records
      state.current = Current(
        config: config, throttle: config.retryThrottling.map(RetryThrottle.init),
        version: (state.current?.version ?? 0) + 1)
    }
  }

  private static var ownHostName: String {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "" }
    return name.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
  }
}
