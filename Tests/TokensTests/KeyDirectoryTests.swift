import Glibc
import TestSupport
import Testing

@testable import Tokens

/// Keys in files.
@Suite struct KeyDirectoryTests {
  private func withDirectory(_ body: (String) throws -> Void) throws {
    var template = Array("/tmp/user-service-keys-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw TestFailure("no directory") }
    let path = String(decoding: template.dropLast().map(UInt8.init), as: UTF8.self)
    defer { system("rm -rf '\(path)'") }
    try body(path)
  }

  private func write(_ text: String, _ path: String) throws {
    let file = try #require(fopen(path, "w"))
    defer { fclose(file) }
    #expect(fputs(text, file) >= 0)
  }

  @Test func keysStayAsTheyWere() throws {
    try withDirectory { path in
      let directory = KeyDirectory(path: path + "/keys")
      #expect(throws: KeyDirectoryFault.self) { try directory.load() }
      let keys = try SignatureAlgorithm.allCases.map { try makeKey("key-\($0)", $0) }
      for key in keys { try directory.add(key) }
      let read = try directory.load()
      #expect(read.keys.map { $0.secretJWK() } == KeySet(keys).keys.map { $0.secretJWK() })
      var facts = stat()
      #expect(stat("\(directory.path)/key-hs256.jwk", &facts) == 0 && facts.st_mode & 0o777 == 0o600)
      #expect(stat(directory.path, &facts) == 0 && facts.st_mode & 0o777 == 0o700)
      #expect(try directory.exposedFiles().isEmpty)
      chmod("\(directory.path)/key-hs256.jwk", 0o644)
      #expect(try directory.exposedFiles() == ["\(directory.path)/key-hs256.jwk"])
      try directory.remove(id: "key-hs256")
      #expect(try directory.load()["key-hs256"] == nil)
      #expect(throws: KeyDirectoryFault.self) { try directory.remove(id: "key-hs256") }
    }
  }

  @Test func noKeyIsReplaced() throws {
    try withDirectory { path in
      let directory = KeyDirectory(path: path)
      let first = try makeKey("a", .hs256)
      try directory.add(first)
      #expect(throws: KeyDirectoryFault.self) { try directory.add(try makeKey("a", .hs256)) }
      #expect(try directory.load()["a"]?.secretJWK() == first.secretJWK())
    }
  }

  @Test func otherFilesAreIgnored() throws {
    try withDirectory { path in
      try write("not a key", path + "/README")
      try write("not a key", path + "/.hidden.jwk")
      #expect(try KeyDirectory(path: path).load().isEmpty)
    }
  }

  @Test func aDamagedFileIsNamed() throws {
    try withDirectory { path in
      let directory = KeyDirectory(path: path)
      try directory.add(try makeKey("good", .hs256))
      try write("{", path + "/bad.jwk")
      let fault = try #require(throws: KeyDirectoryFault.self) { try directory.load() }
      #expect(fault.path == path + "/bad.jwk" && "\(fault)".contains("not a JSON object"))
      // Under another name than its own, it might take the place of another key.
      rename(path + "/good.jwk", path + "/bad.jwk")
      #expect(throws: KeyDirectoryFault.self) { try directory.load() }
    }
  }

  @Test func nothingOutsideIsDeleted() throws {
    try withDirectory { path in
      try write("precious", path + "/precious.jwk")
      mkdir(path + "/keys", 0o700)
      #expect(throws: KeyDirectoryFault.self) { try KeyDirectory(path: path + "/keys").remove(id: "../precious") }
      #expect(access(path + "/precious.jwk", F_OK) == 0)
    }
  }
}
