import Foundation
import ProtoWire
import TestMessages
import Testing

/// Accessors of extensions, generated for Tests/Protos/extensions.proto; protoc says what the bytes are.
@Suite struct ExtensionTests {
  /// One of each kind, in the text format. <https://protobuf.dev/reference/protobuf/textformat-spec/>
  private static let text = """
    known: 1
    [extensions.a_double]: 1.5
    [extensions.a_float]: -0.25
    [extensions.an_int32]: -3
    [extensions.an_int64]: -4000000000
    [extensions.a_uint32]: 4000000000
    [extensions.a_uint64]: 18446744073709551615
    [extensions.a_sint32]: -5
    [extensions.a_sint64]: -6
    [extensions.a_fixed32]: 7
    [extensions.a_fixed64]: 8
    [extensions.a_sfixed32]: -9
    [extensions.a_sfixed64]: -10
    [extensions.a_bool]: true
    [extensions.text]: "text"
    [extensions.raw]: "\\001\\377"
    [extensions.kind]: KIND_ROUND
    [extensions.color]: COLOR_BLUE
    [extensions.strict] { must: 1 next { must: 2 } }
    [extensions.nested] { known: 2 [extensions.text]: "inner" }
    [extensions.corner] { x: 3 }
    [extensions.numbers]: 1
    [extensions.numbers]: -2
    [extensions.packed_numbers]: [3, -4]
    [extensions.packed_fixed]: [5, 6]
    [extensions.texts]: ["a", ""]
    [extensions.kinds]: [KIND_SQUARE, KIND_ROUND]
    [extensions.packed_kinds]: [KIND_ROUND, KIND_SQUARE]
    [extensions.colors]: [COLOR_RED, COLOR_UNSPECIFIED]
    [extensions.stricts] { must: 4 }
    [extensions.stricts] { must: 5 }
    [extensions.hole] { x: 6 }
    [extensions.hole] { }
    [extensions.packed_doubles]: [0.5, inf]
    [extensions.Scope.Inner.deep] { number: 7 }
    [extensions.Scope.scopes] { name: "s" }
    [extensions.user_id]: 8
    [extensions.user__id]: 9
    """

  /// The same by the setters.
  private static func sample() -> Extensions_Open {
    .with {
      $0.known = 1
      $0.setExtensions_aDouble(1.5)
      $0.setExtensions_aFloat(-0.25)
      $0.setExtensions_anInt32(-3)
      $0.setExtensions_anInt64(-4_000_000_000)
      $0.setExtensions_aUint32(4_000_000_000)
      $0.setExtensions_aUint64(.max)
      $0.setExtensions_aSint32(-5)
      $0.setExtensions_aSint64(-6)
      $0.setExtensions_aFixed32(7)
      $0.setExtensions_aFixed64(8)
      $0.setExtensions_aSfixed32(-9)
      $0.setExtensions_aSfixed64(-10)
      $0.setExtensions_aBool(true)
      $0.setExtensions_text("text")
      $0.setExtensions_raw([1, 0xff])
      $0.setExtensions_kind(.round)
      $0.setExtensions_color(.blue)
      $0.setExtensions_strict(strict(1, next: strict(2)))
      $0.setExtensions_nested(inner)
      $0.setExtensions_corner(.with { $0.x = 3 })
      $0.setExtensions_numbers([1, -2])
      $0.setExtensions_packedNumbers([3, -4])
      $0.setExtensions_packedFixed([5, 6])
      $0.setExtensions_texts(["a", ""])
      $0.setExtensions_kinds([.square, .round])
      $0.setExtensions_packedKinds([.round, .square])
      $0.setExtensions_colors([.red, .unspecified])
      $0.setExtensions_stricts([strict(4), strict(5)])
      $0.setExtensions_hole([.with { $0.x = 6 }, .init()])
      $0.setExtensions_packedDoubles([0.5, .infinity])
      $0.setExtensions_Scope_Inner_deep(.with { $0.number = 7 })
      $0.setExtensions_Scope_scopes([.with { $0.name = "s" }])
      $0.setExtensions_userID_1000(8)
      $0.setExtensions_userID_536870911(9)
    }
  }

  private static let inner = Extensions_Open.with {
    $0.known = 2; $0.setExtensions_text("inner")
  }

  private static func strict(_ must: Int32, next: Legacy_Strict? = nil) -> Legacy_Strict {
    .with {
      $0.must = must; $0.next = next
    }
  }

  @Test func whatProtocWritesIsRead() throws {
    let message = try Extensions_Open(wireBytes: protoc("--encode", Array(Self.text.utf8)))
    #expect(message.known == 1)
    #expect(try message.Extensions_aDouble == 1.5)
    #expect(try message.Extensions_aFloat == -0.25)
    #expect(try message.Extensions_anInt32 == -3)
    #expect(try message.Extensions_anInt64 == -4_000_000_000)
    #expect(try message.Extensions_aUint32 == 4_000_000_000)
    #expect(try message.Extensions_aUint64 == .max)
    #expect(try message.Extensions_aSint32 == -5)
    #expect(try message.Extensions_aSint64 == -6)
    #expect(try message.Extensions_aFixed32 == 7)
    #expect(try message.Extensions_aFixed64 == 8)
    #expect(try message.Extensions_aSfixed32 == -9)
    #expect(try message.Extensions_aSfixed64 == -10)
    #expect(try message.Extensions_aBool == true)
    #expect(try message.Extensions_text == "text" && message.Extensions_textOrDefault == "text")
    #expect(try message.Extensions_raw == [1, 0xff])
    #expect(try message.Extensions_kind == .round)
    #expect(try message.Extensions_color == .blue)
    #expect(try message.Extensions_strict == Self.strict(1, next: Self.strict(2)))
    #expect(try message.Extensions_nested?.Extensions_text == "inner" && message.Extensions_nested?.known == 2)
    #expect(try message.Extensions_corner?.x == 3)
    #expect(try message.Extensions_numbers == [1, -2])
    #expect(try message.Extensions_packedNumbers == [3, -4])
    #expect(try message.Extensions_packedFixed == [5, 6])
    #expect(try message.Extensions_texts == ["a", ""])
    #expect(try message.Extensions_kinds == [.square, .round])
    #expect(try message.Extensions_packedKinds == [.round, .square])
    #expect(try message.Extensions_colors == [.red, .unspecified])
    #expect(try message.Extensions_stricts == [Self.strict(4), Self.strict(5)])
    #expect(try message.Extensions_hole.map(\.x) == [6, nil])
    #expect(try message.Extensions_packedDoubles == [0.5, .infinity])
    #expect(try message.Extensions_Scope_Inner_deep?.number == 7)
    #expect(try message.Extensions_Scope_scopes.map(\.name) == ["s"])
    #expect(try message.Extensions_userID_1000 == 8 && message.Extensions_userID_536870911 == 9)
  }

  @Test func protocReadsWhatIsSet() throws {
    // Of protoc's own making, so that both have the same order.
    let expected = try protoc("--decode", protoc("--encode", Array(Self.text.utf8)))
    #expect(try protoc("--decode", Self.sample().wireBytes()) == expected)
  }

  // MARK: Presence and defaults

  @Test func absentExtensions() throws {
    let message = Extensions_Open()
    #expect(try message.Extensions_anInt32 == nil && message.Extensions_strict == nil)
    #expect(try message.Extensions_corner == nil && message.Extensions_kind == nil)
    #expect(try message.Extensions_numbers.isEmpty && message.Extensions_stricts.isEmpty)
    #expect(try message.Extensions_kinds.isEmpty && message.Extensions_hole.isEmpty)
    #expect(try message.Extensions_textOrDefault == "none" && message.Extensions_kindOrDefault == .square)
  }

  @Test func aDefaultThatIsSetIsPresent() throws {
    var message = Extensions_Open()
    message.setExtensions_anInt32(0)
    message.setExtensions_text("")
    message.setExtensions_color(.unspecified)
    message.setExtensions_nested(.init())
    #expect(try message.Extensions_anInt32 == 0 && message.Extensions_text == "")
    #expect(try message.Extensions_color == .unspecified && message.Extensions_nested == .init())
    #expect(try message.Extensions_textOrDefault == "")
  }

  @Test func settingReplacesAndRemoves() throws {
    // Among what nobody knows, and twice.
    var message = try Extensions_Open(wireBytes: bytes("8807 01" + "b006 05" + "b006 06" + "9007 02"))
    #expect(try message.Extensions_anInt32 == 6)
    message.setExtensions_anInt32(7)
    #expect(hex(message.wireBytes()) == "880701" + "900702" + "b00607")
    message.setExtensions_anInt32(nil)
    #expect(hex(message.wireBytes()) == "880701" + "900702")
    message.setExtensions_numbers([1])
    message.setExtensions_numbers([])
    #expect(hex(message.wireBytes()) == "880701" + "900702")
    message.unknownFields = .init()
    message.setExtensions_corner(.with { $0.x = 1 })
    message.setExtensions_corner(nil)
    #expect(message == Extensions_Open())
  }

  @Test func whatIsNoFieldIsKept() throws {
    var message = Extensions_Open()
    message.unknownFields = UnknownFields(wireBytes: bytes("b00605" + "0f"))
    message.setExtensions_anInt32(nil)
    #expect(message.unknownFields.wireBytes == bytes("0f"))
    #expect(throws: WireError.self) { try message.Extensions_anInt32 }
  }

  // MARK: The wire

  @Test func piecesAreMerged() throws {
    let pieces = delimited(117, bytes("12020801")) + delimited(117, bytes("0802"))
    #expect(try Extensions_Open(wireBytes: pieces).Extensions_strict == Self.strict(2, next: Self.strict(1)))
    let groups = try Extensions_Open(wireBytes: bytes("bb070801bc07" + "bb0712020801bc07"))
    #expect(
      try groups.Extensions_corner
        == .with {
          $0.x = 1; $0.strict = Self.strict(1)
        })
  }

  @Test func packedOrNotWhateverIsDeclared() throws {
    #expect(try Extensions_Open(wireBytes: delimited(120, [1, 2]) + bytes("c00703")).Extensions_numbers == [1, 2, 3])
    let fixed = try Extensions_Open(wireBytes: bytes("d50701000000"))
    #expect(try fixed.Extensions_packedFixed == [1])
    let kinds = try Extensions_Open(wireBytes: delimited(124, [1, 2]) + bytes("e80702"))
    #expect(try kinds.Extensions_kinds == [.round, .square] && kinds.Extensions_packedKinds == [.square])
  }

  @Test func numbersThatAClosedEnumDoesNotName() throws {
    let message = try Extensions_Open(wireBytes: bytes("980701" + "980709" + "e00709" + "e00702" + "a00709"))
    #expect(try message.Extensions_kind == .round && message.Extensions_kinds == [.square])
    #expect(try message.Extensions_color == .unrecognized(9))
    #expect(try Extensions_Open(wireBytes: bytes("980709")).Extensions_kindOrDefault == .square)
  }

  @Test func anotherWireTypeIsNotTheExtension() throws {
    // A varint for the double, text for the number, lengths for what is singular or a group, and the other way round.
    let input =
      bytes("a00601") + delimited(102, [1]) + delimited(115, [1]) + delimited(119, []) + bytes("ab07ac07")
      + delimited(128, []) + bytes("980801") + bytes("c50701000000")
    let message = try Extensions_Open(wireBytes: input)
    #expect(try message.Extensions_aDouble == nil && message.Extensions_anInt32 == nil)
    #expect(try message.Extensions_kind == nil && message.Extensions_corner == nil && message.Extensions_strict == nil)
    #expect(
      try message.Extensions_hole.isEmpty && message.Extensions_texts.isEmpty && message.Extensions_numbers.isEmpty)
    #expect(message.wireBytes() == input)
  }

  @Test func malformedBytesAreAnError() throws {
    let cases: [([UInt8], WireError.Code, String)] = [
      (delimited(117, [0x08]), .truncated, "legacy.Strict.must"),
      (delimited(117, []), .missingRequiredField, "must"),
      (delimited(117, bytes("08011200")), .missingRequiredField, "next.must"),
    ]
    for (input, code, field) in cases {
      let message = try Extensions_Open(wireBytes: input)
      let error = #expect(throws: WireError.self) { try message.Extensions_strict }
      #expect(error?.code == code && error?.path.first?.fieldNumber == 117)
      #expect(error?.description.contains(field.split(separator: ".").last ?? "") == true)
    }
    let packed = try Extensions_Open(
      wireBytes: delimited(121, [0x80]) + delimited(122, [1, 0]) + delimited(125, [0x80]))
    #expect(throws: WireError.self) { try packed.Extensions_packedNumbers }
    #expect(throws: WireError.self) { try packed.Extensions_packedFixed }
    #expect(throws: WireError.self) { try packed.Extensions_packedKinds }
    let many = try Extensions_Open(wireBytes: delimited(127, bytes("0801")) + delimited(127, []))
    #expect(throws: WireError.self) { try many.Extensions_stricts }
  }

  // MARK: Options

  /// What protoc made of the file's own options.
  @Test func optionsOfADescriptor() throws {
    let file = try Google_Protobuf_FileDescriptorProto(wireBytes: ProtoFile.extensions.serialized)
    #expect(try file.options?.Extensions_owner == "tests")
    let message = try #require(file.messageType.first { $0.name == "Annotated" })
    #expect(try message.options?.Extensions_Scope_table == "annotated")
    let note = try #require(try message.options?.Extensions_note)
    #expect(try note.known == 7 && note.Extensions_text == "a" && note.Extensions_numbers == [1, 2])
    let field = try #require(message.field.first?.options)
    #expect(try field.Extensions_personal == true && field.Extensions_fieldKinds == [.round, .square])
    #expect(try message.oneofDecl.first?.options?.Extensions_weight == -3)
    let labelled = try #require(file.enumType.first { $0.name == "Labelled" })
    #expect(try labelled.options?.Extensions_shade == .blue)
    #expect(try labelled.value.first?.options?.Extensions_labelOrDefault == "A")
    #expect(try Google_Protobuf_EnumValueOptions().Extensions_labelOrDefault == "unlabelled")
  }

  // MARK: The oracle

  /// Runs protoc over an `extensions.Open`: `--encode` makes bytes of text, `--decode` text of bytes.
  private func protoc(_ mode: String, _ input: [UInt8]) throws -> [UInt8] {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.currentDirectoryURL = root
    process.arguments = ["protoc", "-I", "Protos", "-I", "Tests/Protos", mode + "=extensions.Open", "extensions.proto"]
    let (standardInput, standardOutput) = (Pipe(), Pipe())
    process.standardInput = standardInput
    process.standardOutput = standardOutput
    try process.run()
    // A page of a pipe takes it at once.
    try standardInput.fileHandleForWriting.write(contentsOf: Data(input))
    try standardInput.fileHandleForWriting.close()
    let output = try standardOutput.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
    return Array(output)
  }
}
