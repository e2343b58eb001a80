/// Takes places in proportion to their weights, in an order that keeps the picks of each place far apart: the static
/// stride scheduler of gRFC A58. Pure.
///
/// Every round passes each place once, and takes it in as many of 65535 rounds as its weight says.
struct StrideSchedule {
  private static let most: UInt64 = 65_535

  private let weights: [UInt16]
  private var sequence: UInt64

  /// - Parameters:
  ///   - weights: of each place; 0: it has none, and gets the mean. At most ten times the mean counts, and at least a
  ///     tenth.
  ///   - start: where the order begins, at random, so that clients don't all begin with the same place.
  /// - Returns: nil if fewer than two places have weights: take them in turn.
  init?(_ weights: [Double], start: UInt32) {
    let known = weights.filter { $0 > 0 }
    guard known.count > 1, let largest = known.max() else { return nil }
    // Divided first, since a sum of the largest numbers is infinite.
    let mean = known.reduce(0) { $0 + $1 / Double(known.count) }
    let scale = Double(Self.most) / min(largest, mean * 10)
    let scaledMean = max((mean * scale).rounded(), 1)
    let least = max((scaledMean * 0.1).rounded(.up), 1)
    guard scale.isFinite, scaledMean.isFinite else { return nil }
    self.weights = weights.map { weight in
      UInt16(
        weight > 0 ? min(max((weight * scale).rounded(), least), Double(Self.most)) : min(scaledMean, Double(Self.most))
      )
    }
    sequence = UInt64(start)
  }

  /// The next place. The largest weight is near 65535, so few places are passed.
  mutating func next() -> Int {
    let count = UInt64(weights.count)
    while true {
      let place = sequence % count
      let round = sequence / count
      sequence &+= 1
      let weight = UInt64(weights[Int(place)])
      let position = (weight &* round &+ place &* (Self.most / 2)) % Self.most
      if position >= Self.most - weight { return Int(place) }
    }
  }
}
