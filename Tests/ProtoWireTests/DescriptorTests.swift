import ProtoWire
import TestMessages
import Testing

@Suite struct DescriptorTests {
  @Test func embeddedDescriptorsDecode() throws {
    let file = ProtoFile.everything
    let descriptor = try Google_Protobuf_FileDescriptorProto(wireBytes: file.serialized)
    #expect(file.name == "everything.proto")
    #expect(descriptor.name == "everything.proto")
    #expect(descriptor.package == "everything")
    #expect(descriptor.messageType.map(\.name) == ["Everything", "Nothing"])
    #expect(descriptor.sourceCodeInfo == nil)
    #expect(descriptor.wireBytes() == file.serialized)
  }

  @Test func dependenciesAreLinked() throws {
    #expect(ProtoFile.google_protobuf_timestamp.dependencies.isEmpty)
    let descriptor = try Google_Protobuf_FileDescriptorProto(wireBytes: ProtoFile.google_protobuf_descriptor.serialized)
    #expect(descriptor.messageType.count > 20)
    #expect(descriptor.wireBytes() == ProtoFile.google_protobuf_descriptor.serialized)
  }

  @Test(
    arguments: [
      ("", [UInt8]()), ("TQ==", [0x4d]), ("TWE=", [0x4d, 0x61]), ("TWFu", [0x4d, 0x61, 0x6e]), ("+/8=", [0xfb, 0xff]),
    ]
      as [(String, [UInt8])])
  func base64(text: String, expected: [UInt8]) {
    let file =
      switch text {
      case "TQ==": ProtoFile(name: "", base64: "TQ==", dependencies: [])
      case "TWE=": ProtoFile(name: "", base64: "T\nWE=", dependencies: [])
      case "TWFu": ProtoFile(name: "", base64: "TWFu", dependencies: [])
      case "+/8=": ProtoFile(name: "", base64: " +/8=", dependencies: [])
      default: ProtoFile(name: "", base64: "", dependencies: [])
      }
    #expect(file.serialized == expected)
  }
}
