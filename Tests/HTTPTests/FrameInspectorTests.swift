import TestPeer
import TestSupport
import Testing

@testable import HTTP

/// What is said of frames before nghttp2 sees them.
@Suite struct FrameInspectorTests {
  private static let head = [UInt8](repeating: 0x82, count: 5)

  private static func headers(_ stream: UInt32, end: Bool = false) -> Frame {
    Frame(.headers, flags: Frame.endHeaders | (end ? Frame.endStream : 0), stream: stream, head)
  }

  /// A verdict, and how many bytes nghttp2 may see before it.
  private struct Verdict: Equatable {
    var code: UInt32?
    var abuse: String?
    var passed = 0
  }

  private func inspect(_ pieces: [[UInt8]], isOpen: Bool = false) -> Verdict {
    var inspector = FrameInspector()
    var abuse = AbuseGuard(streamWindow: 1000, connectionWindow: 4000, now: 0)
    var verdict = Verdict()
    for piece in pieces {
      verdict.passed += piece.withUnsafeBytes { inspector.inspect($0, &abuse, now: 0) { _ in isOpen } }
      verdict.code = inspector.violation?.code.rawValue
      verdict.abuse = abuse.verdict.map { "\($0)" }
      if verdict.code != nil || verdict.abuse != nil { break }
    }
    return verdict
  }

  /// The last frame is the one that breaks a rule, if there is one.
  @Test(
    arguments: [
      ("DATA behind END_STREAM", [headers(1, end: true), .data(1, [1])], 5),
      ("HEADERS behind END_STREAM", [headers(1, end: true), headers(1, end: true)], 5),
      ("DATA behind DATA with END_STREAM", [headers(1), .data(1, [], end: true), .data(1, [])], 5),
      ("DATA behind RST_STREAM", [headers(1), .reset(1, 8), .data(1, [1])], 5),
      ("HEADERS behind RST_STREAM", [headers(1), .reset(1, 8), headers(1, end: true)], 5),
      ("a number smaller than the one before", [headers(5, end: true), headers(3, end: true)], 1),
      ("DATA on a stream that was passed over", [headers(5), .data(3, [1])], 5),
      ("PRIORITY on stream 0", [Frame(.priority, [0, 0, 0, 3, 1])], 1),
      ("PRIORITY that depends on itself", [Frame(.priority, stream: 7, [0, 0, 0, 7, 1])], 1),
      ("the same, exclusive", [Frame(.priority, stream: 7, [0x80, 0, 0, 7, 1])], 1),
      ("a request", [headers(1), .data(1, [1]), .data(1, [], end: true)], nil),
      ("trailers", [headers(1), .data(1, [1]), headers(1, end: true)], nil),
      ("two requests", [headers(1, end: true), headers(3, end: true)], nil),
      ("RST_STREAM behind END_STREAM", [headers(1, end: true), .reset(1, 8), .reset(1, 8)], nil),
      ("WINDOW_UPDATE behind END_STREAM", [headers(1, end: true), .windowUpdate(1, 1)], nil),
      ("PRIORITY behind END_STREAM", [headers(1, end: true), Frame(.priority, stream: 1, [0, 0, 0, 3, 1])], nil),
      ("unknown types", [Frame(type: 0x42, stream: 1, [1, 2]), Frame(type: 0xff)], nil),
      // nghttp2 refuses these.
      ("DATA on an idle stream", [.data(1, [1])], nil), ("DATA on stream 0", [.data(0, [1])], nil),
      ("HEADERS on an even stream", [headers(2)], nil),
      ("PRIORITY of three bytes", [Frame(.priority, stream: 1, [0, 0, 1])], nil),
    ] as [(String, [Frame], UInt32?)])
  func aConversation(name: String, frames: [Frame], code: UInt32?) {
    let bytes = Frame.preface + frames.flatMap(\.bytes)
    let passed = bytes.count - (code == nil ? 0 : frames.last?.bytes.count ?? 0)
    #expect(inspect([bytes]) == Verdict(code: code, passed: passed), "\(name)")
    #expect(inspect([bytes + Frame.ping(1).bytes]).code == code, "\(name)")
    #expect(inspect(bytes.map { [$0] }).code == code, "\(name)")
  }

  @Test func oldStreamsAreLookedUp() {
    let opened = stride(from: UInt32(1), through: 601, by: 2).map { Self.headers($0) }
    let late = (0..<5_010).map { _ in Frame.data(1, [UInt8](repeating: 0, count: 20)) }
    let bytes = Frame.preface + (opened + late).flatMap(\.bytes)
    #expect(inspect([bytes], isOpen: true) == Verdict(passed: bytes.count))
    let verdict = inspect([bytes], isOpen: false)
    #expect(verdict.abuse == "too many frames on closed streams" && verdict.code == nil)
    #expect(verdict.passed == bytes.count - 10 * 29)
  }

  @Test(arguments: [UInt8(0x42), 0x10, 0xff]) func unknownTypesAreCharged(type: UInt8) {
    let bytes = Frame.preface + (0..<5_001).flatMap { _ in Frame(type: type, stream: 1, [1]).bytes }
    #expect(inspect([bytes]) == Verdict(abuse: "too many control frames", passed: bytes.count - 10))
    #expect(inspect([Array(bytes.dropLast(10))]) == Verdict(passed: bytes.count - 10))
  }

  /// However the bytes are cut, the verdict is the same, and so is the frame before which nghttp2 stops.
  @Test func anySplitHasTheSameVerdict() {
    var random = SeededGenerator(seed: 12)
    var codes: [UInt32?: Int] = [:]
    for _ in 0..<2_000 {
      let frames = (0..<Int.random(in: 1...30, using: &random)).map { _ in anyFrame(&random) }
      let bytes = Frame.preface + frames.flatMap(\.bytes)
      let whole = inspect([bytes])
      let cut = inspect(bytes.cut(&random))
      #expect(cut.code == whole.code && cut.abuse == whole.abuse)
      // A head that is cut has been seen in part, and never becomes a frame.
      #expect(whole.passed...whole.passed + FrameHead.prioritySize ~= cut.passed)
      codes[whole.code, default: 0] += 1
    }
    // All of them occur.
    #expect(Set(codes.keys) == [nil, 1, 5])
  }

  private func anyFrame(_ random: inout SeededGenerator) -> Frame {
    let stream = UInt32.random(in: 0...6, using: &random) * 2 + 1
    switch Int.random(in: 0..<10, using: &random) {
    case 0...3: return Self.headers(stream, end: Bool.random(using: &random))
    case 4...6:
      return .data(
        stream, [UInt8](repeating: 0, count: .random(in: 0...50, using: &random)), end: Bool.random(using: &random))
    case 7: return .reset(stream, 8)
    case 8: return Frame(.priority, stream: stream, [0, 0, 0, .random(in: 0...40, using: &random), 16])
    default: return Frame(type: .random(in: 4...200, using: &random), stream: stream, [1, 2, 3])
    }
  }
}
