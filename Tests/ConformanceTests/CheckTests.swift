import ProtoWire
import Testing

@testable import protowire_conformance

/// What decoding leaves unread in extensions, `DescriptorPool.check` finds.
@Suite struct CheckTests {
  private let pool: DescriptorPool
  private static let modern = "protobuf_test_messages.editions.TestAllTypesEdition2023"

  init() throws {
    pool = try DescriptorPool(files: [.conformance_test_messages_edition2023])
  }

  private func code(_ bytes: [UInt8], _ name: String = modern, depthLimit: Int = 100) -> JSONError.Code? {
    do throws(JSONError) {
      try pool.check(wire: bytes, messageName: name, depthLimit: depthLimit)
      return nil
    } catch {
      return error.code
    }
  }

  @Test func stringsInsideExtensions() throws {
    // extension_string, in recursive_message.
    let bytes: [UInt8] = [0xda, 0x01, 4, 0xaa, 0x08, 1, 0xff]
    let message = try ProtobufTestMessages_Editions_TestAllTypesEdition2023(wireBytes: bytes)
    #expect(message.recursiveMessage?.unknownFields.isEmpty == false)
    do throws(JSONError) {
      try pool.check(wire: bytes, messageName: Self.modern)
      Issue.record("it was taken")
    } catch {
      #expect(error.code == .wire)
      #expect(error.path == ["recursiveMessage", "[protobuf_test_messages.editions.extension_string]"])
    }
    #expect(code([0xda, 0x01, 4, 0xaa, 0x08, 1, 0x61]) == nil)
    // extension_bytes may be anything.
    #expect(code([0xb2, 0x08, 1, 0xff]) == nil)
  }

  @Test func depth() {
    let two: [UInt8] = [0xda, 0x01, 3, 0xda, 0x01, 0]
    #expect(code(two, depthLimit: 2) == nil)
    #expect(code(two, depthLimit: 1) == .limit)
  }

  @Test func whatIsNoMessage() {
    #expect(code([]) == nil)
    #expect(code([0x08]) == .wire)
    #expect(code([0xcb, 0x07, 0x08, 1]) == .wire)
    #expect(code([], "nobody.Knows") == .unknownType)
  }
}
