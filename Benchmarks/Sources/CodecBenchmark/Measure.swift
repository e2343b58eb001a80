import CAllocations

/// What one operation costs.
struct Cost {
  var nanoseconds: Double
  var allocations: Double
}

/// Runs an operation in batches of about five milliseconds, and takes the best: the one that the machine disturbed least.
@inline(never)
func measure(batches: Int = 20, _ operation: () -> Int) -> Cost {
  let clock = ContinuousClock()
  var count = 1
  var sink = 0
  while true {
    let time = clock.measure { for _ in 0..<count { sink &+= operation() } }
    if time > .milliseconds(5) { break }
    count *= 2
  }
  var best = Duration.seconds(1000)
  let before = allocations_total()
  for _ in 0..<batches {
    best = min(best, clock.measure { for _ in 0..<count { sink &+= operation() } })
  }
  let allocations = allocations_total() - before
  precondition(sink != 1)  // so that the operations are not left out
  let attoseconds = Double(best.components.seconds) * 1e18 + Double(best.components.attoseconds)
  return Cost(
    nanoseconds: attoseconds / 1e9 / Double(count), allocations: Double(allocations) / Double(batches * count))
}

extension Cost {
  /// Each figure's median.
  static func median(_ costs: [Cost]) -> Cost {
    func middle(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
    return Cost(nanoseconds: middle(costs.map(\.nanoseconds)), allocations: middle(costs.map(\.allocations)))
  }
}
