import OurMessages
import ProtoWire
import SwiftProtobuf
import TheirMessages

/// One message, encoded and decoded by both, as wire bytes and as JSON.
struct Comparison {
  let name: String
  /// Encoding by us and them, decoding by us and them, the same of JSON. Each returns a number, so that no work is left out.
  private(set) var operations: [() -> Int]

  init<Ours: WireMessage, Theirs: SwiftProtobuf.Message & Equatable>(
    _ name: String, _ ours: Ours, _: Theirs.Type, encode: @escaping (Ours) -> Int, decode: @escaping ([UInt8]) -> Int,
    encodeTheirs: @escaping (Theirs) -> Int, decodeTheirs: @escaping ([UInt8]) -> Int
  ) throws {
    self.name = name
    let bytes = ours.wireBytes()
    let theirs = try Theirs(serializedBytes: bytes)
    let back: [UInt8] = try theirs.serializedBytes()
    guard back.count == bytes.count, try Ours(wireBytes: back) == ours else {
      throw Disagreement(message: name)
    }
    operations = [
      { encode(ours) }, { encodeTheirs(theirs) }, { decode(bytes) }, { decodeTheirs(bytes) },
    ]
  }

  /// Adds writing and reading of JSON.
  func withJSON<Ours: WireMessage, Theirs: SwiftProtobuf.Message & Equatable>(_ ours: Ours, _: Theirs.Type) throws -> Comparison {
    let transcoder = try Self.transcoder.get()
    let name = Ours.messageName
    func toJSON() throws -> [UInt8] { try transcoder.json(fromWire: ours.wireBytes(), messageName: name) }
    let theirs = try Theirs(serializedBytes: ours.wireBytes())
    let json = try toJSON()
    let theirJSON: [UInt8] = try theirs.jsonUTF8Bytes()
    guard try Theirs(jsonUTF8Bytes: json) == theirs,
      try Ours(wireBytes: transcoder.wire(fromJSON: theirJSON, messageName: name)) == ours
    else { throw Disagreement(message: self.name) }
    var result = self
    result.operations += [
      { (try? toJSON())?.count ?? 0 }, { (try? theirs.jsonUTF8Bytes() as [UInt8])?.count ?? 0 },
      { (try? Ours(wireBytes: transcoder.wire(fromJSON: json, messageName: name))) == nil ? 0 : 2 },
      { (try? Theirs(jsonUTF8Bytes: json)) == nil ? 0 : 2 },
    ]
    return result
  }

  private static let transcoder = Result { JSONTranscoder(pool: try DescriptorPool(files: [.codec])) }

  struct Disagreement: Error {
    let message: String
  }
}

// Concrete, as a program's calls are: the compiler may specialize each.
extension Comparison {
  static func all() throws -> [Comparison] {
    [
      try Comparison(
        "sum", Samples.sum(), TheirMessages.SumRequest.self, encode: { $0.wireBytes().count },
        decode: { Int((try? OurMessages.SumRequest(wireBytes: $0))?.b ?? 0) },
        encodeTheirs: { (try? $0.serializedBytes() as [UInt8])?.count ?? 0 },
        decodeTheirs: { Int((try? TheirMessages.SumRequest(serializedBytes: $0))?.b ?? 0) }),
      try Comparison(
        "user", Samples.user(), TheirMessages.User.self, encode: { $0.wireBytes().count },
        decode: { (try? OurMessages.User(wireBytes: $0))?.roles.count ?? 0 },
        encodeTheirs: { (try? $0.serializedBytes() as [UInt8])?.count ?? 0 },
        decodeTheirs: { (try? TheirMessages.User(serializedBytes: $0))?.roles.count ?? 0 })
        .withJSON(Samples.user(), TheirMessages.User.self),
      try Comparison(
        "list", Samples.list(), TheirMessages.List.self, encode: { $0.wireBytes().count },
        decode: { (try? OurMessages.List(wireBytes: $0))?.users.count ?? 0 },
        encodeTheirs: { (try? $0.serializedBytes() as [UInt8])?.count ?? 0 },
        decodeTheirs: { (try? TheirMessages.List(serializedBytes: $0))?.users.count ?? 0 })
        .withJSON(Samples.list(), TheirMessages.List.self),
      try Comparison(
        "numbers", Samples.numbers(), TheirMessages.Numbers.self, encode: { $0.wireBytes().count },
        decode: { (try? OurMessages.Numbers(wireBytes: $0))?.ints.count ?? 0 },
        encodeTheirs: { (try? $0.serializedBytes() as [UInt8])?.count ?? 0 },
        decodeTheirs: { (try? TheirMessages.Numbers(serializedBytes: $0))?.ints.count ?? 0 })
        .withJSON(Samples.numbers(), TheirMessages.Numbers.self),
      try Comparison(
        "deep", Samples.deep(), TheirMessages.Node.self, encode: { $0.wireBytes().count },
        decode: { (try? OurMessages.Node(wireBytes: $0))?.name.utf8.count ?? 0 },
        encodeTheirs: { (try? $0.serializedBytes() as [UInt8])?.count ?? 0 },
        decodeTheirs: { (try? TheirMessages.Node(serializedBytes: $0))?.name.utf8.count ?? 0 })
        .withJSON(Samples.deep(), TheirMessages.Node.self),
    ]
  }
}
