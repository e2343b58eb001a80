import ProtoWire

/// Answers the runner's requests: reads a payload as a message and writes the message in the format that is asked for.
struct Testee {
  /// The types that the runner tests, and the list of failures that it asks for first, of which there are none.
  private static let types: [any WireMessage.Type] = [
    ProtobufTestMessages_Proto3_TestAllTypesProto3.self,
    ProtobufTestMessages_Proto2_TestAllTypesProto2.self,
    ProtobufTestMessages_Editions_Proto3_TestAllTypesProto3.self,
    ProtobufTestMessages_Editions_Proto2_TestAllTypesProto2.self,
    ProtobufTestMessages_Editions_TestAllTypesEdition2023.self,
    ProtobufTestMessages_EditionUnstable_TestAllTypesEditionUnstable.self,
    FailureSet.self,
  ]

  private let typesByName = Dictionary(uniqueKeysWithValues: types.map { ($0.messageName, $0) })
  private let descriptors: Descriptors

  init() throws(JSONError) {
    descriptors = try Descriptors()
  }

  /// The bytes of a ConformanceResponse to those of a ConformanceRequest, whatever they are.
  func answer(_ bytes: [UInt8]) -> [UInt8] {
    var response = ConformanceResponse()
    do throws(WireError) {
      response.result = result(of: try ConformanceRequest(wireBytes: bytes))
    } catch {
      response.result = .runtimeError("the request is not a ConformanceRequest: \(error)")
    }
    return response.wireBytes()
  }

  private func result(of request: ConformanceRequest) -> ConformanceResponse.OneOf_Result {
    guard let type = typesByName[request.messageType] else {
      return .runtimeError("there is no message type \(request.messageType)")
    }
    return result(of: request, as: type)
  }

  private func result<Message: WireMessage>(
    of request: ConformanceRequest, as type: Message.Type
  ) -> ConformanceResponse.OneOf_Result {
    let message: Message
    switch request.payload {
    case .protobufPayload(let bytes):
      do throws(WireError) { message = try Message(wireBytes: bytes) } catch { return .parseError("\(error)") }
      do throws(JSONError) {
        try descriptors.checkExtensions(of: type, in: bytes)
      } catch {
        return .parseError("\(error)")
      }
    case .jsonPayload(let text):
      let ignoringUnknown = request.testCategory == .jsonIgnoreUnknownParsingTest
      do throws(JSONError) {
        message = try descriptors.read(text, ignoringUnknown: ignoringUnknown)
      } catch {
        return .parseError("\(error)")
      }
    case .jspbPayload: return .skipped("JSPB")
    case .textPayload: return .skipped("text format")
    case nil: return .runtimeError("the request has no payload")
    }

    switch request.requestedOutputFormat {
    case .protobuf: return .protobufPayload(message.wireBytes())
    case .json:
      do throws(JSONError) { return .jsonPayload(try descriptors.print(message)) } catch { return .serializeError("\(error)") }
    case .jspb: return .skipped("JSPB")
    case .textFormat: return .skipped("text format")
    case .unspecified, .unrecognized: return .runtimeError("the request asks for no output format")
    }
  }
}
