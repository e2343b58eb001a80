internal import Synchronization

/// Numbers of what diagnostics name: servers, listeners, channels, subchannels, connections. Any thread.
package enum DiagnosticID {
  private static let last = Atomic<Int64>(0)

  /// A number that nothing else of the process has. Never 0.
  package static func next() -> Int64 { last.add(1, ordering: .relaxed).newValue }
}
