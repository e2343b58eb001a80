internal import Synchronization

/// Documents that requests repeat. Two generations: when the younger one is full, the elder one is dropped, so that
/// what is in use stays. Any thread.
final class DocumentCache: Sendable {
  private struct Generations {
    var young: [[UInt8]: PreparedDocument] = [:]
    var old: [[UInt8]: PreparedDocument] = [:]
  }

  /// Documents of a generation.
  static let capacity = 256
  /// Larger documents are not kept.
  static let sizeLimit = 16_384

  private let generations = Mutex(Generations())

  subscript(text: [UInt8]) -> PreparedDocument? {
    generations.withLock { generations in
      if let found = generations.young[text] { return found }
      guard let found = generations.old[text] else { return nil }
      Self.add(found, to: &generations)
      return found
    }
  }

  func add(_ document: PreparedDocument) {
    guard document.text.count <= Self.sizeLimit else { return }
    generations.withLock { Self.add(document, to: &$0) }
  }

  private static func add(_ document: PreparedDocument, to generations: inout Generations) {
    if generations.young.count >= capacity {
      generations.old = generations.young
      generations.young = [:]
    }
    generations.young[document.text] = document
  }

  var count: Int { generations.withLock { $0.young.count + $0.old.count } }
}
