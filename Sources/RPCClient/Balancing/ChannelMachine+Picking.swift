internal import Primitives
internal import RPCCore

/// Which address takes a call, and what calls tell of their addresses.
extension ChannelMachine {
  enum Pick: Equatable {
    case use(ID)
    case wait
    /// Fail the call for this reason, unless it waits for ready.
    case fail(String)
  }

  /// Which address takes the next call.
  mutating func pick(now: UInt64) -> Pick {
    guard !usable.isEmpty else { return state == .transientFailure ? .fail(lastError) : .wait }
    return .use(subchannels[usable.count == 1 ? usable[0] : chosen(now)].id)
  }

  private mutating func chosen(_ now: UInt64) -> Int {
    switch balancing.kind {
    case .pickFirst: return usable[0]
    case .roundRobin: return nextInTurn()
    case .leastRequest(let choices):
      var best = usable[Int.random(in: usable.indices, using: &dice)]
      for _ in 1..<choices {
        let other = usable[Int.random(in: usable.indices, using: &dice)]
        if subchannels[other].runningCalls < subchannels[best].runningCalls { best = other }
      }
      return best
    case .weightedRoundRobin(let settings):
      if now >= scheduleUntil { makeSchedule(settings, now) }
      guard let place = schedule?.next() else { return nextInTurn() }
      return usable[place]
    }
  }

  private mutating func nextInTurn() -> Int {
    turn = turn < usable.count ? turn : 0
    defer { turn += 1 }
    return usable[turn]
  }

  private mutating func makeSchedule(_ settings: WeightedRoundRobin, _ now: UInt64) {
    var weights: [Double] = []
    for index in usable { weights.append(subchannels[index].weight.current(settings, now: now)) }
    schedule = StrideSchedule(weights, start: UInt32.random(in: 0 ... .max, using: &dice))
    scheduleUntil = now.saturatingAdd(max(settings.updatePeriod.clampedNanoseconds, 100_000_000))
  }

  /// Which addresses take calls has perhaps changed.
  mutating func refresh() {
    usable.removeAll(keepingCapacity: true)
    for index in subchannels.indices where subchannels[index].isReachable && !subchannels[index].tally.isEjected {
      usable.append(index)
    }
    // A server that fails many calls is better than none.
    if usable.isEmpty { usable += subchannels.indices.filter { subchannels[$0].isReachable } }
    scheduleUntil = 0
    if !usable.isEmpty {
      hasFailed = false
    } else if !subchannels.isEmpty {
      if subchannels.allSatisfy(\.isDown) { hasFailed = true } else if !balancing.isPickFirst { hasFailed = false }
    }
  }

  // MARK: Calls

  /// A call was sent to the address.
  mutating func callBegan(_ id: ID) {
    if let index = index(of: id) { subchannels[index].runningCalls += 1 }
  }

  /// A call that was sent to the address has ended.
  /// - Parameter code: nil: its end says nothing of the server.
  mutating func callEnded(_ id: ID, _ code: StatusCode?) {
    guard let index = index(of: id) else { return }
    subchannels[index].runningCalls -= 1
    if let code { subchannels[index].tally.add(code) }
  }

  /// The server says how busy it is.
  mutating func loadReported(_ id: ID, _ report: LoadReport, now: UInt64) {
    guard case .weightedRoundRobin(let settings) = balancing.kind, let index = index(of: id) else { return }
    subchannels[index].weight.reported(report, penalty: settings.errorPenalty, now: now)
  }

  // MARK: Outliers

  func nextSweep(_ now: UInt64) -> UInt64? {
    guard !balancing.isPickFirst, let settings = balancing.outlierDetection, settings.isOn else { return nil }
    return now.saturatingAdd(max(settings.interval.clampedNanoseconds, 1_000_000))
  }

  mutating func sweep(_ now: UInt64) {
    guard let settings = balancing.outlierDetection else { return }
    var tallies = subchannels.map(\.tally)
    OutlierSweep(settings: settings, now: now).run(&tallies, using: &dice)
    for index in subchannels.indices { subchannels[index].tally = tallies[index] }
    sweepAt = nextSweep(now)
  }
}
