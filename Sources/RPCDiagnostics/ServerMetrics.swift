public import CoreMetrics
public import RPCCore
import Synchronization

/// Records the server metrics of gRFC A66 through swift-metrics:
///
/// | name | kind | labels |
/// |---|---|---|
/// | `grpc.server.call.started` | counter | `grpc.method` |
/// | `grpc.server.call.duration` | timer, in seconds | `grpc.method`, `grpc.status` |
/// | `grpc.server.call.sent_total_compressed_message_size` | recorder, in bytes | the same |
/// | `grpc.server.call.rcvd_total_compressed_message_size` | recorder, in bytes | the same |
///
/// Calls of unknown methods have the label "other", so that callers can't create labels.
/// https://github.com/grpc/proposal/blob/master/A66-otel-stats.md#server-instruments
public final class ServerMetrics: ServerInterceptor {
  private let factory: any MetricsFactory
  private let methods = Mutex<[MethodDescriptor?: MethodMetrics]>([:])

  /// - Parameter factory: makes the metrics; by default the factory of the process.
  public init(factory: any MetricsFactory = MetricsSystem.factory) { self.factory = factory }

  /// Counts the call as started, and observes it until it ends.
  public func callStarted(_ start: CallStart) -> (any CallObserver)? {
    let metrics = methods.withLock { methods in
      if let metrics = methods[start.method] { return metrics }
      let made = MethodMetrics(start.methodName, factory)
      methods[start.method] = made
      return made
    }
    metrics.started.increment()
    return metrics
  }
}

/// The metrics of one method. One object observes all its calls: it keeps nothing about a single call.
private final class MethodMetrics: CallObserver {
  /// The metrics of calls that ended with the same status.
  private struct Ended {
    let duration: Timer
    let sent: Recorder
    let received: Recorder
  }

  let started: Counter
  private let method: String
  private let factory: any MetricsFactory
  private let ended = Mutex<[StatusCode: Ended]>([:])

  init(_ method: String, _ factory: any MetricsFactory) {
    self.method = method
    self.factory = factory
    started = Counter(label: "grpc.server.call.started", dimensions: [("grpc.method", method)], factory: factory)
  }

  func ended(_ summary: CallSummary) {
    let metrics = metrics(for: summary.status)
    metrics.duration.recordNanoseconds(summary.duration.nanoseconds)
    metrics.sent.record(summary.sent.wireSize)
    metrics.received.record(summary.received.wireSize)
  }

  private func metrics(for status: StatusCode) -> Ended {
    ended.withLock { ended in
      if let metrics = ended[status] { return metrics }
      let labels = [("grpc.method", method), ("grpc.status", "\(status)")]
      let made = Ended(
        duration: Timer(
          label: "grpc.server.call.duration", dimensions: labels, preferredDisplayUnit: .seconds, factory: factory),
        sent: Recorder(
          label: "grpc.server.call.sent_total_compressed_message_size", dimensions: labels, aggregate: true,
          factory: factory),
        received: Recorder(
          label: "grpc.server.call.rcvd_total_compressed_message_size", dimensions: labels, aggregate: true,
          factory: factory))
      ended[status] = made
      return made
    }
  }
}
