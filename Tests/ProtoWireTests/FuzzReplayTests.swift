import Foundation
import Fuzzing
import TestSupport
import Testing

/// The fuzzers' properties, for the inputs that are kept and for mutations of them that repeat from run to run.
@Suite struct FuzzReplayTests {
  private static func corpus(_ target: FuzzTarget) throws -> [(name: String, input: [UInt8])] {
    let directory = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Fuzzing/Corpus/\(target.rawValue)")
    return try FileManager.default.contentsOfDirectory(at: directory, includingPropertiesForKeys: nil)
      .sorted { $0.path < $1.path }.map { ($0.lastPathComponent, try [UInt8](Data(contentsOf: $0))) }
  }

  @Test(arguments: FuzzTarget.allCases)
  func whatIsKeptHolds(target: FuzzTarget) throws {
    let corpus = try Self.corpus(target)
    #expect(!corpus.isEmpty)
    for (name, input) in corpus { #expect(throws: Never.self, "\(name)") { try target.check(input) } }
  }

  @Test(arguments: FuzzTarget.allCases)
  func mutationsHold(target: FuzzTarget) throws {
    var random = SeededGenerator(seed: 3)
    let corpus = try Self.corpus(target).map(\.input)
    // Those that take an HTTP/2 session or a descriptor pool for each are fewer.
    let rounds =
      switch target {
      case .responses: 500
      case .config: 4000
      default: 20_000
      }
    for round in 0..<rounds {
      var input = corpus[round % corpus.count]
      for _ in 0...Int.random(in: 0..<4, using: &random) { mutate(&input, corpus, using: &random) }
      #expect(throws: Never.self, "\(input)") { try target.check(input) }
    }
  }

  private func mutate(_ input: inout [UInt8], _ corpus: [[UInt8]], using random: inout SeededGenerator) {
    let place = Int.random(in: 0...input.count, using: &random)
    switch Int.random(in: 0..<5, using: &random) {
    case 0 where place < input.count: input[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
    case 1 where place < input.count:
      input[place] = [0, 1, 0x7f, 0x80, 0xff, 0x22, 0x5c, 0x7b].randomElement(using: &random) ?? 0
    case 2 where place < input.count: input.removeSubrange(place..<min(input.count, place + 1 + place % 3))
    case 3: input.insert(UInt8.random(in: 0...255, using: &random), at: place)
    default:
      let other = corpus[Int.random(in: 0..<corpus.count, using: &random)]
      input.insert(contentsOf: other.dropFirst(Int.random(in: 0...other.count, using: &random)).prefix(64), at: place)
    }
  }
}
