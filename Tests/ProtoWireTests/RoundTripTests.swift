import ProtoWire
import TestMessages
import TestSupport
import Testing

@Suite struct RoundTripTests {
  @Test(arguments: 0..<300)
  func randomMessages(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let message = Everything.random(depth: 3, using: &random)
    let encoded = message.wireBytes()
    let decoded = try Everything(wireBytes: encoded)
    #expect(decoded == message)
    #expect(decoded.deterministicBytes() == message.deterministicBytes())
    #expect(decoded.hashValue == message.hashValue)
    // Nothing is known: everything is kept, byte for byte.
    #expect(try Nothing(wireBytes: encoded).wireBytes() == encoded)
  }
}

extension WireMessage {
  func deterministicBytes() -> [UInt8] {
    var writer = WireWriter()
    writer.isDeterministic = true
    writer.prependMessage(self)
    return writer.withUnsafeBytes { [UInt8]($0) }
  }
}

extension Everything {
  static func random(depth: Int, using random: inout SeededGenerator) -> Everything {
    func some() -> Bool { Int.random(in: 0..<3, using: &random) == 0 }
    func integer<I: FixedWidthInteger>() -> I {
      switch Int.random(in: 0..<4, using: &random) {
      case 0: I(truncatingIfNeeded: Int.random(in: -2...200, using: &random))
      case 1: I.max
      case 2: I.min
      default: I.random(in: .min ... .max, using: &random)
      }
    }
    func text() -> String {
      let letters: [Character] = ["a", "B", " ", "ä", "€", "🦔", "\u{0}", "z"]
      let count = Int.random(in: 0..<24, using: &random)
      return String((0..<count).map { _ in letters.randomElement(using: &random) ?? "-" })
    }
    func data() -> [UInt8] { (0..<Int.random(in: 0..<20, using: &random)).map { _ in integer() } }
    func real() -> Double { Double.random(in: -1e9...1e9, using: &random) }
    func color() -> Color { [.unspecified, .red, .blue, .unrecognized(1000)].randomElement(using: &random) ?? .red }
    func many<T>(_ make: () -> T) -> [T] { (0..<Int.random(in: 0..<6, using: &random)).map { _ in make() } }
    func message() -> Everything { depth > 0 ? .random(depth: depth - 1, using: &random) : Everything() }

    var it = Everything()
    if some() { it.double = real() }
    if some() { it.float = Float(real()) }
    if some() { it.int32 = integer() }
    if some() { it.int64 = integer() }
    if some() { it.uint32 = integer() }
    if some() { it.uint64 = integer() }
    if some() { it.sint32 = integer() }
    if some() { it.sint64 = integer() }
    if some() { it.fixed32 = integer() }
    if some() { it.fixed64 = integer() }
    if some() { it.sfixed32 = integer() }
    if some() { it.sfixed64 = integer() }
    if some() { it.bool = true }
    if some() { it.string = text() }
    if some() { it.bytes = data() }
    if some() { it.color = color() }
    if some() { it.child = message() }
    if some() { it.doubles = many(real) }
    if some() { it.floats = many { Float(real()) } }
    if some() { it.int32s = many(integer) }
    if some() { it.int64s = many(integer) }
    if some() { it.uint32s = many(integer) }
    if some() { it.uint64s = many(integer) }
    if some() { it.sint32s = many(integer) }
    if some() { it.sint64s = many(integer) }
    if some() { it.fixed32s = many(integer) }
    if some() { it.fixed64s = many(integer) }
    if some() { it.sfixed32s = many(integer) }
    if some() { it.sfixed64s = many(integer) }
    if some() { it.bools = many(some) }
    if some() { it.strings = many(text) }
    if some() { it.byteStrings = many(data) }
    if some() { it.colors = many(color) }
    if some() { it.children = many(message) }
    if some() { it.unpacked = many(integer) }
    if some() { it.unpackedFixed = many(integer) }
    if some() { it.optionalInt32 = integer() }
    if some() { it.optionalString = text() }
    if some() { it.optionalBytes = data() }
    if some() { it.optionalColor = color() }
    if some() { it.optionalBool = some() }
    for _ in 0..<3 {
      if some() { it.stringMap[text()] = text() }
      if some() { it.intMap[integer()] = integer() }
      if some() { it.boolMap[some()] = data() }
      if some() { it.sintMap[integer()] = real() }
      if some() { it.colorMap[integer()] = color() }
      if some() { it.messageMap[text()] = message() }
    }
    switch Int.random(in: 0..<8, using: &random) {
    case 0: it.choice = .chosenInt(integer())
    case 1: it.choice = .chosenString(text())
    case 2: it.choice = .chosenMessage(message())
    case 3: it.choice = .chosenColor(color())
    case 4: it.choice = .chosenBytes(data())
    default: break
    }
    if some() { it.large = integer() }
    if some() { it.larger = integer() }
    if some() { it.largest = integer() }
    return it
  }
}
