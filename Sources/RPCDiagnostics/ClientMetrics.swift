public import CoreMetrics
public import RPCCore
import Synchronization

/// Records the client metrics of gRFC A66 through swift-metrics:
///
/// | name | kind | labels |
/// |---|---|---|
/// | `grpc.client.attempt.started` | counter | `grpc.method`, `grpc.target` |
/// | `grpc.client.attempt.duration` | timer, in seconds | `grpc.method`, `grpc.target`, `grpc.status` |
/// | `grpc.client.attempt.sent_total_compressed_message_size` | recorder, in bytes | the same |
/// | `grpc.client.attempt.rcvd_total_compressed_message_size` | recorder, in bytes | the same |
/// | `grpc.client.call.duration` | timer, in seconds | the same |
///
/// A call has more attempts than one where it is tried again.
/// https://github.com/grpc/proposal/blob/master/A66-otel-stats.md#client-per-attempt-instruments
public final class ClientMetrics: ClientInterceptor {
  private let factory: any MetricsFactory
  private let target: String
  private let methods = Mutex<[MethodDescriptor: ClientMethodMetrics]>([:])

  /// - Parameters:
  ///   - target: the label `grpc.target`: the channel's target, such as `dns:///users.internal:50051`.
  ///   - factory: makes the metrics; by default the factory of the process.
  public init(target: String, factory: any MetricsFactory = MetricsSystem.factory) {
    self.target = target
    self.factory = factory
  }

  /// Observes the call until it ends.
  public func callStarted(_ method: MethodDescriptor, _ options: inout CallOptions) -> (any CallObserver)? {
    methods.withLock { methods in
      if let metrics = methods[method] { return metrics }
      let made = ClientMethodMetrics([("grpc.method", method.description), ("grpc.target", target)], factory)
      methods[method] = made
      return made
    }
  }
}

/// The metrics of one method. One object observes all its calls: it keeps nothing about a single call.
private final class ClientMethodMetrics: CallObserver {
  /// The metrics of attempts and calls that ended with the same status.
  private struct Ended {
    let duration: Timer
    let sent: Recorder
    let received: Recorder
    let callDuration: Timer
  }

  private let started: Counter
  private let labels: [(String, String)]
  private let factory: any MetricsFactory
  private let ended = Mutex<[StatusCode: Ended]>([:])

  init(_ labels: [(String, String)], _ factory: any MetricsFactory) {
    self.labels = labels
    self.factory = factory
    started = Counter(label: "grpc.client.attempt.started", dimensions: labels, factory: factory)
  }

  func attemptStarted(_ attempt: CallAttempt) -> Metadata {
    started.increment()
    return [:]
  }

  func attemptEnded(_ summary: AttemptSummary) {
    let metrics = metrics(for: summary.status)
    metrics.duration.recordNanoseconds(summary.duration.nanoseconds)
    metrics.sent.record(summary.sentSize)
    metrics.received.record(summary.receivedSize)
  }

  func ended(_ summary: CallSummary) {
    metrics(for: summary.status).callDuration.recordNanoseconds(summary.duration.nanoseconds)
  }

  private func metrics(for status: StatusCode) -> Ended {
    ended.withLock { ended in
      if let metrics = ended[status] { return metrics }
      let labels = labels + [("grpc.status", "\(status)")]
      func timer(_ name: String) -> Timer {
        Timer(label: name, dimensions: labels, preferredDisplayUnit: .seconds, factory: factory)
      }
      func recorder(_ name: String) -> Recorder {
        Recorder(label: name, dimensions: labels, aggregate: true, factory: factory)
      }
      let made = Ended(
        duration: timer("grpc.client.attempt.duration"),
        sent: recorder("grpc.client.attempt.sent_total_compressed_message_size"),
        received: recorder("grpc.client.attempt.rcvd_total_compressed_message_size"),
        callDuration: timer("grpc.client.call.duration"))
      ended[status] = made
      return made
    }
  }
}
