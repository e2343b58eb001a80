package import Synchronization

/// The algorithm that a handler chose for its responses, or none.
package struct CompressionChoice: Sendable, AtomicRepresentable {
  /// The algorithm's number plus one; zero without an algorithm.
  private let rawValue: UInt8

  package init(_ algorithm: CompressionAlgorithm?) { rawValue = algorithm.map { $0.kind.rawValue + 1 } ?? 0 }

  private init(rawValue: UInt8) { self.rawValue = rawValue }

  package var algorithm: CompressionAlgorithm? {
    rawValue == 0 ? nil : CompressionAlgorithm.Kind(rawValue: rawValue - 1).map(CompressionAlgorithm.init)
  }

  package typealias AtomicRepresentation = UInt8.AtomicRepresentation

  package static func encodeAtomicRepresentation(_ value: consuming CompressionChoice) -> AtomicRepresentation {
    UInt8.encodeAtomicRepresentation(value.rawValue)
  }

  package static func decodeAtomicRepresentation(_ storage: consuming AtomicRepresentation) -> CompressionChoice {
    CompressionChoice(rawValue: UInt8.decodeAtomicRepresentation(storage))
  }
}
