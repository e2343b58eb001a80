import RPCCore
import Testing

@Suite struct MetadataTests {
  private func receive(_ fields: [(String, String)]) -> Metadata {
    var metadata = Metadata()
    for (name, value) in fields {
      Array(value.utf8).withUnsafeBytes { metadata.addReceived(name: name, value: $0) }
    }
    return metadata
  }

  /// What a single addition leaves: nothing if it is refused, and then it says so.
  private func adding(_ name: String, _ value: String) -> Metadata {
    var metadata = Metadata()
    let isAdded = metadata.add(name, value)
    #expect(isAdded == !metadata.isEmpty)
    return metadata
  }

  private func adding(_ name: String, bytes: [UInt8]) -> Metadata {
    var metadata = Metadata()
    let isAdded = metadata.add(name, bytes: bytes)
    #expect(isAdded == !metadata.isEmpty)
    return metadata
  }

  @Test func entriesKeepTheirOrderAndDuplicates() {
    var metadata: Metadata = ["a": "1", "b": "2", "a": "3"]
    #expect(metadata.map(\.name) == ["a", "b", "a"])
    #expect(metadata.texts("a") == ["1", "3"])
    #expect(metadata.text("a") == "1")
    #expect(metadata.text("c") == nil)
    metadata.append(contentsOf: ["b": "4"])
    #expect(metadata.texts("b") == ["2", "4"])
    metadata.removeAll(named: "A")
    #expect(metadata.map(\.name) == ["b", "b"])
  }

  /// HTTP/2 sends names in lower case; programs write them as they like.
  @Test func namesMeanTheSameInEitherCase() {
    var metadata: Metadata = ["X-Request-ID": "1"]
    metadata.add("Trace-BIN", bytes: [1])
    #expect(metadata.map(\.name) == ["x-request-id", "trace-bin"])
    #expect(metadata.text("X-Request-Id") == "1")
    #expect(metadata.texts("X-REQUEST-ID") == ["1"])
    #expect(metadata.bytes("Trace-Bin") == [[1]])
  }

  @Test(arguments: [
    "", ":path", ":custom", "grpc-status", "grpc-message", "GRPC-anything", "grpc-", "te", "TE", "content-type",
    "connection", "host", "transfer-encoding", "upgrade", "keep-alive", "proxy-connection", "a b", "a:b", "a/b", "é",
    "a\r",
    "a\n", "a\0",
  ])
  func namesThatMayNotBeSentAreRefused(name: String) {
    #expect(adding(name, "x").isEmpty)
    #expect(adding(name, bytes: [1]).isEmpty)
  }

  @Test func binaryNamesTakeBytesAndOthersText() {
    #expect(adding("key-bin", "text").isEmpty)
    #expect(adding("key", bytes: [1]).isEmpty)
    #expect(adding("grpc-key-bin", bytes: [1]).isEmpty)
    #expect(adding("key-bin", bytes: []).bytes("key-bin") == [[]])
    #expect(adding("key-bin", bytes: [1]).text("key-bin") == nil)
    #expect(adding("key", "").text("key") == "")
    #expect(adding("key", "AQ").bytes("key").isEmpty)
  }

  /// A line break in a value would be another header field to a careless peer.
  @Test(arguments: [" x", "x ", "a\nb", "a\r\nb", "a\0b", "é", "\t", "\u{7f}"])
  func textThatIsNotPrintableASCIIIsRefused(value: String) {
    #expect(adding("key", value).isEmpty)
  }

  @Test(arguments: ["x", "", "a b", "~!%,;", "100%"])
  func printableTextIsTaken(value: String) {
    #expect(adding("key", value).map { Metadata.wireValue($0.value) } == [Array(value.utf8)])
  }

  @Test(
    arguments: [
      ("AQID", [[1, 2, 3]]), ("AQI", [[1, 2]]), ("AQI=", [[1, 2]]), ("", [[]]), ("AQ,Ag==,AwQ", [[1], [2], [3, 4]]),
      ("AQ, Ag", [[1], [2]]), ("AQ,,Ag", [[1], [], [2]]), ("AQ,*,Ag", [[1], [2]]), ("*", []),
    ] as [(String, [[UInt8]])])
  func binaryValuesComePaddedUnpaddedAndJoined(value: String, expected: [[UInt8]]) {
    #expect(receive([("key-bin", value)]).bytes("key-bin") == expected)
  }

  @Test func receivedTextIsKeptAsItIsAndReservedNamesAreNot() {
    let metadata = receive([
      (":path", "/a/b"), ("te", "trailers"), ("content-type", "application/grpc"), ("grpc-timeout", "1S"),
      ("grpc-anything", "x"), ("user-agent", "test"), ("key", "a, b"), ("key", "c"),
    ])
    #expect(metadata.map(\.name) == ["user-agent", "key", "key"])
    #expect(metadata.texts("key") == ["a, b", "c"])
  }

  @Test func receivedTextOfAnyBytesDoesNotTrap() {
    var metadata = Metadata()
    let bytes: [UInt8] = [0xff, 0xc3, 0x28, 0x41]
    bytes.withUnsafeBytes { metadata.addReceived(name: "key", value: $0) }
    #expect(metadata.text("key")?.hasSuffix("A") == true)
  }

  @Test func bytesTravelAsUnpaddedBase64() {
    #expect(Metadata.wireValue(.bytes([1, 2])) == Array("AQI".utf8))
    #expect(Metadata.wireValue(.text("AQI=")) == Array("AQI=".utf8))
  }
}
