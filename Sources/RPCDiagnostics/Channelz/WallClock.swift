internal import EventLoop
internal import Glibc
internal import Primitives
import ProtoWire

/// Converts readings of CLOCK_MONOTONIC to the time of day.
struct WallClock {
  private let wall: Int64
  private let monotonic: UInt64

  init() {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    wall = Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    monotonic = MonotonicClock.nanoseconds
  }

  /// nil for 0, which stands for never.
  func timestamp(_ moment: UInt64) -> Google_Protobuf_Timestamp? {
    guard moment > 0 else { return nil }
    let then = wall - Int64(clamping: monotonic > moment ? monotonic - moment : 0)
    return .with {
      $0.seconds = then / 1_000_000_000
      $0.nanos = Int32(then % 1_000_000_000)
    }
  }
}
