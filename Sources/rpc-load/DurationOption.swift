import ArgumentParser
import RPCLoad

/// A duration as an argument: `10s`, `500ms`, `1m30s`.
struct DurationOption: ExpressibleByArgument {
  let nanoseconds: UInt64

  init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

  init?(argument: String) {
    guard let nanoseconds = DurationText.nanoseconds(argument) else { return nil }
    self.nanoseconds = nanoseconds
  }

  var defaultValueDescription: String { DurationText.short(Double(nanoseconds)) }

  var seconds: Double { Double(nanoseconds) / 1e9 }
}
