import Foundation
import ProtoWire
import Testing

@testable import protoc_gen_protowire

/// What the features of editions change, in code that was generated for Tests/Protos/editions.proto.
/// <https://protobuf.dev/editions/features/>
@Suite struct EditionTests {
  private func decoded(_ bytes: [UInt8]) throws(WireError) -> Editions_Modern {
    try Editions_Modern(wireBytes: bytes, options: .init(allowsMissingRequiredFields: true))
  }

  @Test func presence() {
    var message = Editions_Modern()
    #expect(message.wireBytes().isEmpty)
    message.explicit = 0
    message.implicit = 0
    #expect(message.wireBytes() == [0x08, 0])
    #expect(!message.isInitialized)
    message.must = 0
    #expect(message.isInitialized)
    #expect(message.wireBytes() == [0x08, 0, 0x18, 0])
  }

  @Test func enums() throws {
    #expect(try decoded([0x20, 3]).shade == .dark)
    #expect(Editions_Modern().shadeOrDefault == .light)
    let unknown = try decoded([0x20, 9, 0x28, 9, 0x68, 3, 0x68, 9])
    #expect(unknown.shade == nil)
    #expect(unknown.shades == [.dark])
    #expect(unknown.tint == .unrecognized(9))
    #expect(unknown.unknownFields.wireBytes == [0x20, 9, 0x68, 9])
  }

  @Test func repeatedFieldEncoding() throws {
    let message = Editions_Modern.with {
      $0.expanded = [1, 2]; $0.packed = [1, 2]
    }
    #expect(message.wireBytes() == [0x30, 1, 0x30, 2, 0x3a, 2, 1, 2])
    #expect(try decoded([0x32, 2, 1, 2, 0x38, 1, 0x38, 2]) == message)
  }

  @Test func textValidation() throws {
    #expect(try decoded([0x42, 2, 0x61, 0xff]).loose == "a\u{fffd}")
    #expect(throws: WireError.self) { try decoded([0x4a, 2, 0x61, 0xff]) }
  }

  @Test func messageEncoding() throws {
    let inner = Editions_Modern.with { $0.explicit = 1 }
    let message = Editions_Modern.with {
      $0.group = inner
      $0.groups = [inner, inner]
      $0.map = ["a": inner]
      $0.left = inner
    }
    let encoded = message.wireBytes()
    #expect(
      encoded == [0x53, 8, 1, 0x54, 0x5b, 8, 1, 0x5c, 0x5b, 8, 1, 0x5c]
        + [0x62, 7, 0x0a, 1, 0x61, 0x12, 2, 8, 1] + [0x7b, 8, 1, 0x7c])
    #expect(try decoded(encoded) == message)
  }

  @Test func requiredFieldsInside() {
    var message = Editions_Modern.with {
      $0.must = 1; $0.groups = [.with { $0.must = 1 }, Editions_Modern()]
    }
    #expect(!message.isInitialized)
    message.groups.removeLast()
    #expect(message.isInitialized)
    message.map = ["a": Editions_Modern()]
    #expect(!message.isInitialized)
  }

  @Test func extensions() throws {
    let inner = Editions_Modern.with { $0.must = 1 }
    var message = Editions_Modern()
    message.setEditions_number(0)
    message.setEditions_far(inner)
    message.setEditions_near(inner)
    message.setEditions_run([1, 2])
    message.setEditions_spread([1, 2])
    message.setEditions_Local_local(.with { $0.number = 3 })
    #expect(
      message.wireBytes() == [0xa0, 6, 0, 0xab, 6, 0x18, 1, 0xac, 6, 0xb2, 6, 2, 0x18, 1] + [0xba, 6, 2, 1, 2]
        + [0xc0, 6, 1, 0xc0, 6, 2] + [0xf2, 6, 2, 8, 3])
    let read = try decoded(message.wireBytes())
    #expect(try read.Editions_number == 0 && read.Editions_far == inner && read.Editions_near == inner)
    #expect(try read.Editions_run == [1, 2] && read.Editions_spread == [1, 2])
    #expect(try read.Editions_Local_local?.number == 3)
    // The other encoding of a message is not the extension, text is validated, enums are closed and open.
    let other = try decoded([0xaa, 6, 2, 0x18, 1, 0xca, 6, 1, 0xff, 0xd2, 6, 1, 0xff, 0xd8, 6, 9, 0xe0, 6, 9])
    #expect(try other.Editions_far == nil && other.Editions_unverified == "\u{fffd}")
    #expect(throws: WireError.self) { try other.Editions_verified }
    #expect(try other.Editions_hue == nil && other.Editions_hueOrDefault == .light)
    #expect(try other.Editions_cast == .unrecognized(9))
    #expect(throws: WireError.self) { try decoded([0xab, 6, 0xac, 6]).Editions_far }
  }

  @Test func editionsAreAnnounced() {
    let response = Generator.respond(to: .init())
    #expect(response.supportedFeatures == 3)
    #expect(response.minimumEdition == 998)
    #expect(response.maximumEdition == 1001)
  }

  @Test func generatedCodeIsFresh() throws {
    // The system's protoc may be too old to read the file; its descriptor is in the code that was made of it.
    let files = [ProtoFile.everything, .editions]
    let response = Generator.respond(
      to: .with {
        $0.fileToGenerate = ["editions.proto"]
        $0.parameter = "Visibility=internal"
        $0.protoFile = files.compactMap { try? Google_Protobuf_FileDescriptorProto(wireBytes: $0.serialized) }
      })
    let text = try #require(response.file.first?.content)
    let path = #filePath.split(separator: "/").dropLast().joined(separator: "/")
    let written = try String(contentsOfFile: "/\(path)/Generated/editions.pb.swift", encoding: .utf8)
    #expect(text == written)
  }
}
