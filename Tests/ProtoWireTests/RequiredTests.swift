import ProtoWire
import TestMessages
import Testing

/// Required fields and declared defaults of proto2.
@Suite struct RequiredTests {
  private func error(_ bytes: [UInt8]) -> String? {
    do throws(WireError) {
      _ = try Legacy_Old(wireBytes: bytes)
      return nil
    } catch {
      #expect(error.code == .missingRequiredField)
      return error.description
    }
  }

  @Test func missingFieldsAreRefusedAndNamed() {
    #expect(failure(Legacy_Strict.self, []) == .missingRequiredField)
    #expect(failure(Legacy_Strict.self, bytes("0800")) == nil)
    #expect(error(bytes("a20100")) == "legacy.Old.strict.must: a required field is missing")
    #expect(error(bytes("a201020801")) == nil)
    #expect(error(bytes("a2010408011200")) == "legacy.Old.strict.next.must: a required field is missing")
    #expect(error(bytes("9a01020801" + "9a0100")) == "legacy.Old.strict_list.must: a required field is missing")
    #expect(error(bytes("920104" + "08011200")) == "legacy.Old.stricts.must: a required field is missing")
    #expect(error(bytes("aa0100")) == "legacy.Old.chosen.must: a required field is missing")
  }

  @Test func piecesMayLackWhatTheWholeHas() throws {
    // Two pieces of one field: neither `must` nor `next` alone makes it whole.
    #expect(try Legacy_Old(wireBytes: bytes("a20104" + "12020801" + "a20102" + "0801")).strict?.next?.must == 1)
  }

  @Test func partialMessagesOnRequest() throws {
    let options = WireDecodingOptions(allowsMissingRequiredFields: true)
    let message = try Legacy_Old(wireBytes: bytes("a20100"), options: options)
    #expect(message.strict == Legacy_Strict())
    #expect(!message.isInitialized)
    #expect(hex(message.wireBytes()) == "a20100")
    #expect(Everything().isInitialized)
  }

  @Test func declaredDefaults() {
    var message = Legacy_Old()
    #expect(message.textOrDefault == "none")
    #expect(message.levelOrDefault == .high)
    #expect(message.rawOrDefault == [0x61, 0, 0xff, 0x22, 0x0a])
    #expect(message.ratioOrDefault == -.infinity)
    #expect(message.shareOrDefault == 1500)
    #expect(message.flagOrDefault)
    #expect(message.bigOrDefault == .max)
    #expect(message.quoteOrDefault == "a \"b\"\n\\ ä")
    #expect(message.countOrDefault == 7)
    #expect(message.wireBytes().isEmpty)
    message.text = ""
    message.flag = false
    message.count = 0
    #expect(message.textOrDefault == "")
    #expect(!message.flagOrDefault)
    #expect(message.countOrDefault == 0)
    #expect(hex(message.wireBytes()) == "1200" + "7800" + "b00100")
  }

  @Test func textOfProto2IsNotValidated() throws {
    #expect(try Legacy_Old(wireBytes: bytes("120261ff")).text == "a\u{fffd}")
  }

  @Test func deterministicBytes() throws {
    var labels: [String: String] = [:]
    for number in 0..<100 { labels["k\(number)"] = "v" }
    let message = Everything.with { $0.stringMap = labels }
    var copy = Everything()
    for key in labels.keys.sorted() { copy.stringMap[key] = "v" }
    #expect(message.deterministicWireBytes() == copy.deterministicWireBytes())
    #expect(try Everything(wireBytes: message.deterministicWireBytes()) == message)
  }
}
