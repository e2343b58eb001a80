import ProtoWire
import Testing

@testable import protowire_conformance

/// The protocol of the pipes: what is asked is answered, whatever it is, and the program never crashes.
@Suite struct PipeTests {
  private static let proto3 = "protobuf_test_messages.proto3.TestAllTypesProto3"

  private static let types = [
    proto3, "protobuf_test_messages.proto2.TestAllTypesProto2",
    "protobuf_test_messages.editions.proto3.TestAllTypesProto3",
    "protobuf_test_messages.editions.proto2.TestAllTypesProto2",
    "protobuf_test_messages.editions.TestAllTypesEdition2023",
    "protobuf_test_messages.edition_unstable.TestAllTypesEditionUnstable",
  ]

  @Test(arguments: types) func everyTypeIsKnown(type: String) throws {
    let testee = try TesteeProcess()
    // optional_int32: 99, an unknown field, and optional_bytes or recursive_message by type.
    let payload: [UInt8] = [0x08, 99, 0xc2, 0xf2, 0x04, 1, 0x78]
    let result = try testee.answer {
      $0.messageType = type
      $0.protobufPayload = payload
      $0.requestedOutputFormat = .protobuf
    }
    #expect(result == .protobufPayload(payload))
    #expect(try testee.finish() == ([], 0))
  }

  @Test func failuresThatAreKnown() throws {
    let result = try TesteeProcess().answer {
      $0.messageType = "conformance.FailureSet"
      $0.protobufPayload = []
      $0.requestedOutputFormat = .protobuf
    }
    #expect(result == .protobufPayload([]))
  }

  @Test func formatsThatAreNotDone() throws {
    let testee = try TesteeProcess()
    for payload in [ConformanceRequest.OneOf_Payload.textPayload("optional_int32: 1"), .jspbPayload("[1]")] {
      let result = try testee.answer {
        $0.messageType = Self.proto3
        $0.payload = payload
        $0.requestedOutputFormat = .protobuf
      }
      guard case .skipped = result else { throw Unexpected(result) }
    }
    for format in [WireFormat.textFormat, .jspb] {
      let result = try testee.answer {
        $0.messageType = Self.proto3
        $0.protobufPayload = []
        $0.requestedOutputFormat = format
      }
      guard case .skipped = result else { throw Unexpected(result) }
    }
    #expect(try testee.finish() == ([], 0))
  }

  @Test func requestsThatMakeNoSense() throws {
    let testee = try TesteeProcess()
    let requests: [ConformanceRequest] = [
      .init(),
      .with {
        $0.messageType = "nobody.Knows"; $0.protobufPayload = []; $0.requestedOutputFormat = .protobuf
      },
      .with {
        $0.messageType = Self.proto3; $0.requestedOutputFormat = .protobuf
      },
      .with {
        $0.messageType = Self.proto3; $0.protobufPayload = []
      },
      .with {
        $0.messageType = Self.proto3; $0.protobufPayload = []; $0.requestedOutputFormat = .unrecognized(77)
      },
    ]
    for bytes in requests.map({ $0.wireBytes() }) + [[0xff], [0x0a, 5, 1], [0x22, 1, 0xff]] {
      let result = try testee.answer(toRequest: bytes).result
      guard case .runtimeError(let text) = result else { throw Unexpected(result) }
      #expect(!text.isEmpty)
    }
    // And it still works.
    let result = try testee.answer {
      $0.messageType = Self.proto3
      $0.protobufPayload = [0x08, 1]
      $0.requestedOutputFormat = .protobuf
    }
    #expect(result == .protobufPayload([0x08, 1]))
    #expect(try testee.finish() == ([], 0))
  }

  @Test func requestsInPiecesAndInARow() throws {
    let testee = try TesteeProcess()
    let request = ConformanceRequest.with {
      $0.messageType = Self.proto3
      $0.protobufPayload = [0x72, 0x80, 0x80, 0x04] + [UInt8](repeating: 0x61, count: 1 << 16)
      $0.requestedOutputFormat = .protobuf
    }
    let bytes = framed(request.wireBytes())
    for byte in bytes.prefix(7) { try testee.send([byte]) }
    try testee.send(Array(bytes.dropFirst(7)) + framed([]))
    #expect(try testee.nextResponse().result == .protobufPayload(request.protobufPayload ?? []))
    guard case .runtimeError = try testee.nextResponse().result else { throw Unexpected(nil) }
    #expect(try testee.finish() == ([], 0))
  }

  @Test(arguments: [[1], [1, 0, 0], [9, 0, 0, 0, 1], [0xff, 0xff, 0xff, 0x7f, 0], [0, 0, 0, 0x80]] as [[UInt8]])
  func inputThatEndsInside(bytes: [UInt8]) throws {
    let testee = try TesteeProcess()
    try testee.send(bytes)
    #expect(try testee.finish() == ([], 65))
  }
}

struct Unexpected: Error, CustomStringConvertible {
  let description: String

  init(_ result: ConformanceResponse.OneOf_Result?) {
    description = "an answer of another kind: \(String(describing: result))"
  }
}
