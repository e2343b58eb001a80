import ProtoWire
import RPCGraphQL
import TestMessages

/// What is fuzzed, each with a property that must hold for any bytes. The first byte of an input chooses the message
/// type, or how the rest is cut.
public enum FuzzTarget: String, CaseIterable, Sendable {
  /// Wire bytes: what decodes, encodes to bytes that decode to the same.
  case wire
  /// A JSON text: what is read as a message, is printed as JSON that reads back as the same.
  case json
  /// Wire bytes to JSON and back: the JSON stays the same.
  case transcode
  /// Bytes for a server of HTTP/1.1: in whatever pieces they come, the requests and the answers are the same.
  case http1
  /// Bytes for a client of HTTP/2: in whatever pieces they come, each response ends once.
  case responses
  /// The trailers of gRPC-Web.
  case trailers
  /// A service config as JSON.
  case config
  /// A document of GraphQL: reading, checking and planning it stays within the budgets, and says the same twice.
  case graphql

  /// How the property failed.
  public struct Failure: Error, CustomStringConvertible {
    /// What was expected, and what came instead.
    public let description: String
  }

  /// Does nothing if the bytes are refused, which is an answer too.
  public func check(_ input: [UInt8]) throws(Failure) {
    guard let choice = input.first else { return }
    let bytes = Array(input.dropFirst())
    switch self {
    case .wire, .json, .transcode:
      switch choice % 3 {
      case 0: try check(bytes, as: Everything.self)
      case 1: try check(bytes, as: Legacy_Old.self)
      default: try check(bytes, as: WellKnown.self)
      }
    case .http1: try checkHTTP1(bytes, seed: Int(choice))
    case .responses: try checkResponses(bytes, seed: Int(choice))
    case .trailers: try checkTrailers(bytes)
    case .config: try checkConfig(bytes)
    case .graphql: try checkGraphQL(bytes)
    }
  }

  private func check<Message: WireMessage>(_ bytes: [UInt8], as _: Message.Type) throws(Failure) {
    switch self {
    case .wire: try checkWire(bytes, as: Message.self)
    case .json:
      guard let wire = try? Self.transcoder.wire(fromJSON: bytes, messageName: Message.messageName) else { return }
      try checkJSON(of: wire, as: Message.self, isFromJSON: true)
    case .transcode: try checkJSON(of: bytes, as: Message.self, isFromJSON: false)
    case .http1, .responses, .trailers, .config, .graphql: break
    }
  }

  private func checkHTTP1(_ bytes: [UInt8], seed: Int) throws(Failure) {
    let whole = HTTP1Transcript(bytes)
    for cuts in [[1], [1 + seed % 16, 1 + seed / 16]] {
      let cut = HTTP1Transcript(bytes, cuts: cuts)
      guard cut.isSame(as: whole) else {
        throw Failure(description: "cut by \(cuts) it is different: \(cut), and not \(whole)")
      }
    }
    guard whole.fault == nil || whole.isEnding else { throw Failure(description: "it goes on after a fault") }
  }

  private static let schema = try? PetSchema.make()

  private func checkGraphQL(_ bytes: [UInt8]) throws(Failure) {
    guard let schema = Self.schema else { throw Failure(description: "there is no schema") }
    guard let document = try? ExecutableDocument(parsing: bytes) else { return }
    let (errors, comparisons) = DocumentValidator.validate(document, schema)
    guard comparisons <= 10_000 + SyntaxLimits().tokens else {
      throw Failure(description: "it takes \(comparisons) comparisons")
    }
    let rules = Set(errors.map(\.rule))
    // Where the budget ends it, the rest depends on the order of hash tables.
    guard rules.contains(.budget) || Set(DocumentValidator.validate(document, schema).errors.map(\.rule)) == rules
    else {
      throw Failure(description: "checked again it breaks other rules than \(errors)")
    }
    if errors.isEmpty, let cost = document.cost(schema), cost > document.operations.count * GraphQLLimits().cost {
      throw Failure(description: "it costs \(cost)")
    }
  }

  private func checkWire<Message: WireMessage>(_ bytes: [UInt8], as _: Message.Type) throws(Failure) {
    guard let message = try? Message(wireBytes: bytes) else { return }
    let encoded = message.deterministicWireBytes()
    guard let again = try? Message(wireBytes: encoded) else {
      throw Failure(description: "\(Message.messageName): its own encoding is refused")
    }
    // Encodings are compared, since NaN is not equal to itself.
    guard again.deterministicWireBytes() == encoded, (try? Message(wireBytes: message.wireBytes())) != nil else {
      throw Failure(description: "\(Message.messageName): encoded again it is different")
    }
  }

  private func checkJSON<Message: WireMessage>(
    of wire: [UInt8], as _: Message.Type, isFromJSON: Bool
  ) throws(Failure) {
    let name = Message.messageName
    if isFromJSON {
      do throws(WireError) {
        _ = try Message(wireBytes: wire)
      } catch {
        // What JSON allows to be nested deeper than the wire's default is no fault.
        if error.code == .depthExceeded { return }
        throw Failure(description: "\(name): what was made of JSON is refused: \(error)")
      }
    }
    guard let json = try? Self.transcoder.json(fromWire: wire, messageName: name) else { return }
    let back: [UInt8]
    do throws(JSONError) {
      back = try Self.transcoder.wire(fromJSON: json, messageName: name)
    } catch {
      if error.code == .limit { return }
      throw Failure(description: "\(name): its own JSON is refused: \(error)")
    }
    guard (try? Self.transcoder.json(fromWire: back, messageName: name)) == json else {
      throw Failure(description: "\(name): printed again it is different")
    }
  }

  private static let transcoder: JSONTranscoder = {
    do {
      return JSONTranscoder(pool: try DescriptorPool(files: [.everything, .legacy, .wellknown]))
    } catch {
      fatalError("the descriptors of the test messages are damaged: \(error)")
    }
  }()
}
