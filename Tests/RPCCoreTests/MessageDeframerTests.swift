import RPCCore
import Testing

/// A deframer that the macros of Testing can look at: they need what can be copied.
private final class Deframing {
  private var deframer: MessageDeframer

  init(limit: Int) { deframer = MessageDeframer(limit: limit) }

  var isEmpty: Bool { deframer.isEmpty }
  func append(_ bytes: [UInt8]) { bytes.withUnsafeBytes { deframer.append($0) } }
  func front(isEnded: Bool = false) throws(MessageDeframer.Failure) -> MessageDeframer.Front {
    try deframer.front(isEnded: isEnded)
  }
  func hasMore(than length: Int) -> Bool { deframer.hasMore(than: length) }
  func fail() { deframer.fail(.invalidBase64) }
  func restart(_ framing: MessageDeframer.Framing) -> [UInt8] { deframer.restart(framing) }
  func take(length: Int) -> [UInt8] { deframer.take(length: length) { Array($0) } }
  func removeAll() { deframer.removeAll() }
}

@Suite struct MessageDeframerTests {
  private func frame(_ message: [UInt8], flag: UInt8 = 0) -> [UInt8] {
    [flag] + withUnsafeBytes(of: UInt32(message.count).bigEndian, Array.init) + message
  }

  /// Feeds pieces and collects what can be taken after each.
  private func cut(_ pieces: [[UInt8]], limit: Int = 100) throws -> [[UInt8]] {
    let deframer = Deframing(limit: limit)
    var messages: [[UInt8]] = []
    for piece in pieces {
      deframer.append(piece)
      while case .message(let length, _) = try deframer.front() {
        messages.append(deframer.take(length: length))
      }
    }
    #expect(deframer.isEmpty)
    return messages
  }

  private let messages: [[UInt8]] = [[1, 2, 3], [], [4], Array(repeating: 7, count: 100), []]
  private var stream: [UInt8] { messages.flatMap { frame($0) } }

  @Test func everyCutOfTheStreamGivesTheSameMessages() throws {
    #expect(try cut([stream]) == messages)
    #expect(try cut(stream.map { [$0] }) == messages)
    for place in 0...stream.count {
      #expect(try cut([Array(stream[..<place]), Array(stream[place...])]) == messages)
    }
  }

  @Test(arguments: [0, 1, 99, 100])
  func messagesUpToTheLimitAreTaken(length: Int) throws {
    let message = [UInt8](repeating: 1, count: length)
    #expect(try cut([frame(message)], limit: 100) == [message])
  }

  /// Refused by the prefix alone: its bytes must not be waited for.
  @Test(arguments: [101, 102, 1 << 31, Int(UInt32.max)])
  func messagesOverTheLimitAreRefusedByTheirPrefix(length: Int) throws {
    let deframer = Deframing(limit: 100)
    let prefix: [UInt8] = [0] + withUnsafeBytes(of: UInt32(length).bigEndian, Array.init)
    deframer.append(prefix.dropLast())
    #expect(try deframer.front() == .incomplete)
    deframer.append(prefix.suffix(1))
    #expect(throws: MessageDeframer.Failure.tooLarge(length: length, limit: 100)) { try deframer.front() }
  }

  @Test func theFlagTellsCompressionAndNothingElse() throws {
    let deframer = Deframing(limit: 10)
    deframer.append(frame([9], flag: 1))
    #expect(try deframer.front() == .message(length: 1, isEncoded: true))
    deframer.removeAll()
    #expect(try deframer.front() == .incomplete)
    deframer.append(frame([], flag: 2))
    #expect(throws: MessageDeframer.Failure.invalidFlag(2)) { try deframer.front() }
  }

  @Test func takingMoreThanIsThereTakesWhatIsThere() {
    let deframer = Deframing(limit: 10)
    deframer.append([0, 0, 0])
    #expect(deframer.take(length: 5) == [])
    #expect(deframer.isEmpty)
  }

  @Test func somethingMayFollowTheFirstMessage() throws {
    let deframer = Deframing(limit: 10)
    deframer.append(frame([1, 2]))
    #expect(!deframer.hasMore(than: 2))
    deframer.append([0])
    #expect(deframer.hasMore(than: 2))
  }

  /// A body that is one message is whole when it ends, and there is no other.
  @Test func aWholeBodyIsAMessage() throws {
    let deframer = Deframing(limit: 10)
    deframer.append([1, 2, 3])
    #expect(deframer.restart(.wholeBody) == [1, 2, 3])
    deframer.append([4, 5])
    #expect(try deframer.front() == .incomplete)
    #expect(try deframer.front(isEnded: true) == .message(length: 2, isEncoded: false))
    #expect(!deframer.hasMore(than: 2) && deframer.take(length: 2) == [4, 5])
    #expect(try deframer.front(isEnded: true) == .incomplete)
    _ = deframer.restart(.wholeBody)
    deframer.append([UInt8](repeating: 1, count: 11))
    #expect(throws: MessageDeframer.Failure.tooLarge(length: 11, limit: 10)) { try deframer.front() }
  }

  @Test func nothingFollowsAFailure() throws {
    let deframer = Deframing(limit: 10)
    deframer.append(frame([1]))
    deframer.fail()
    #expect(throws: MessageDeframer.Failure.invalidBase64) { try deframer.front(isEnded: true) }
  }

  @Test func linesAreMessages() throws {
    var deframer = MessageDeframer(limit: 8)
    _ = deframer.restart(.lines)
    append("{}\n\r\n  {\"a\"", to: &deframer)
    #expect(try deframer.front(isEnded: false) == .message(length: 2, isEncoded: true))
    #expect(deframer.take(length: 2) { String(decoding: $0, as: UTF8.self) } == "{}")
    #expect(try deframer.front(isEnded: false) == .incomplete)
    append(":1}", to: &deframer)
    #expect(try deframer.front(isEnded: false) == .incomplete)
    // The last line may lack its end.
    #expect(try deframer.front(isEnded: true) == .message(length: 7, isEncoded: true))
    #expect(deframer.take(length: 7) { String(decoding: $0, as: UTF8.self) } == "{\"a\":1}")
    #expect(try deframer.front(isEnded: true) == .incomplete && deframer.isEmpty)
    // A line is too long before its end is there.
    append("123456789", to: &deframer)
    #expect(throws: MessageDeframer.Failure.tooLarge(length: 9, limit: 8)) { try deframer.front(isEnded: false) }
  }

  private func append(_ text: String, to deframer: inout MessageDeframer) {
    Array(text.utf8).withUnsafeBytes { deframer.append($0) }
  }
}
