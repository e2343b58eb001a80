import ProtoWire
import TestMessages
import TestSupport
import Testing

@Suite struct LimitTests {
  /// `depth` messages, each inside the one before.
  private func nested(_ depth: Int, in number: UInt32) -> [UInt8] {
    var content: [UInt8] = []
    for _ in 0..<depth { content = delimited(number, content) }
    return content
  }

  @Test(arguments: [UInt32(17), 37, 63])
  func depthOfMessages(number: UInt32) {
    #expect(failure(Everything.self, nested(99, in: number)) == nil)
    #expect(failure(Everything.self, nested(100, in: number)) == nil)
    #expect(failure(Everything.self, nested(101, in: number)) == .depthExceeded)
    #expect(failure(Everything.self, nested(100_00, in: number)) == .depthExceeded)
    #expect(failure(Everything.self, nested(2, in: number), options: .init(depthLimit: 2)) == nil)
    #expect(failure(Everything.self, nested(3, in: number), options: .init(depthLimit: 2)) == .depthExceeded)
    #expect(failure(Everything.self, nested(1, in: number), options: .init(depthLimit: 0)) == .depthExceeded)
  }

  @Test func depthOfMaps() {
    // Entry and value are a level each.
    func map(_ depth: Int) -> [UInt8] {
      var content: [UInt8] = []
      for _ in 0..<depth { content = delimited(56, delimited(2, content)) }
      return content
    }
    #expect(failure(Everything.self, map(50)) == nil)
    #expect(failure(Everything.self, map(51)) == .depthExceeded)
  }

  @Test func depthOfUnknownGroups() {
    func groups(_ depth: Int) -> [UInt8] {
      [UInt8](repeating: 0x0b, count: depth) + [UInt8](repeating: 0x0c, count: depth)
    }
    #expect(failure(Nothing.self, groups(100)) == nil)
    #expect(failure(Nothing.self, groups(101)) == .depthExceeded)
    #expect(failure(Nothing.self, groups(1_000_000)) == .depthExceeded)
  }

  @Test func siblingsDoNotCountAsDepth() {
    var content: [UInt8] = []
    for _ in 0..<500 { content += nested(50, in: 17) + nested(1, in: 56) + bytes("0b0c") }
    #expect(failure(Everything.self, content) == nil)
  }

  /// Every prefix of a message either decodes (when it ends between two fields) or is an error, never more.
  @Test func truncationAtEveryOffset() {
    var random = SeededGenerator(seed: 7)
    let whole = Everything.random(depth: 2, using: &random).wireBytes()
    for length in 0..<whole.count {
      let code = failure(Everything.self, Array(whole[..<length]))
      #expect(code == nil || code == .truncated)
    }
  }

  /// Lengths far above what is there must not be allocated.
  @Test(arguments: [UInt32(14), 15, 17, 21, 23, 33, 34, 35, 37, 51, 52, 56, 62, 63, 65])
  func hugeLengths(number: UInt32) {
    var writer = WireWriter()
    writer.prependVarint(UInt64(Int64.max))
    writer.prependTag(WireTag.make(number, .delimited))
    #expect(failure(Everything.self, writer.withUnsafeBytes { [UInt8]($0) }) == .truncated)
    writer.removeAll()
    writer.prependVarint(2_000_000_000)
    writer.prependTag(WireTag.make(number, .delimited))
    #expect(failure(Everything.self, writer.withUnsafeBytes { [UInt8]($0) }) == .truncated)
  }

  /// A nested message ends where its length says, not where the outer one does.
  @Test func lengthsAreRespected() {
    #expect(failure(Everything.self, bytes("8a0101" + "18" + "05")) == .truncated)
    #expect(failure(Everything.self, bytes("8a0102" + "1805" + "1806")) == nil)
    #expect(failure(Everything.self, bytes("8a0103" + "720261" + "6162")) == .truncated)
  }

  @Test func errorsNameTheField() throws {
    let input = delimited(17, delimited(37, delimited(14, [0xff])))
    do {
      _ = try Everything(wireBytes: input)
      Issue.record("decoded")
    } catch {
      #expect(error.code == .invalidUTF8)
      #expect(error.path.map(\.fieldNumber) == [17, 37, 14])
      #expect(error.description == "everything.Everything.child.children.string: a string is not UTF-8")
    }
    do {
      _ = try Everything(wireBytes: delimited(51, delimited(1, [0xff])))
      Issue.record("decoded")
    } catch {
      #expect(error.description == "everything.Everything.string_map: a string is not UTF-8")
    }
  }

  /// Noise must be refused or taken, and what is taken must come out the same after another round.
  @Test func noise() throws {
    var random = SeededGenerator(seed: 42)
    for _ in 0..<20_000 {
      let count = Int.random(in: 0..<40, using: &random)
      let input = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) }
      guard let decoded = try? Everything(wireBytes: input) else { continue }
      let again = try Everything(wireBytes: decoded.wireBytes())
      #expect(hex(again.deterministicBytes()) == hex(decoded.deterministicBytes()))
    }
  }

  /// Whole messages with a byte changed.
  @Test func mutations() throws {
    var random = SeededGenerator(seed: 43)
    for _ in 0..<200 {
      let whole = Everything.random(depth: 2, using: &random).wireBytes()
      guard !whole.isEmpty else { continue }
      for _ in 0..<20 {
        var input = whole
        input[Int.random(in: 0..<input.count, using: &random)] = UInt8.random(in: .min ... .max, using: &random)
        guard let decoded = try? Everything(wireBytes: input) else { continue }
        let again = try Everything(wireBytes: decoded.wireBytes())
        #expect(hex(again.deterministicBytes()) == hex(decoded.deterministicBytes()))
      }
    }
  }
}
