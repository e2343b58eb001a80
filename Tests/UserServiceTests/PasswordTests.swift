import EventLoop
import Primitives
import Synchronization
import Testing

@testable import UserService

/// Passwords, and their hashes.
@Suite struct PasswordTests {
  private func password(_ text: String) throws -> Password { try Password(claimed: text) }

  // MARK: Rules

  private func fault(_ text: String, email: String? = nil) throws -> Password.Fault? {
    let email = try email.map { try EmailAddress($0) }
    do throws(Password.Fault) {
      _ = try Password(new: text, email: email)
      return nil
    } catch {
      return error
    }
  }

  @Test(
    arguments: [
      ("correct horse", nil), ("", .empty), ("7 chars", .tooShort), ("8  chars", nil), ("a\0bcdefgh", .hasNUL),
      // Characters count, not bytes.
      ("üüüüüüü", .tooShort), ("üüüüüüüü", nil), ("   spaces   ", nil), ("password", .common), ("PASSWORD", .common),
      ("1q2w3e4r5t", .common), ("password1234", .common), ("passwordofmyown", nil),
    ] as [(String, Password.Fault?)])
  func newPasswords(text: String, expected: Password.Fault?) throws {
    #expect(try fault(text) == expected)
  }

  @Test func lengths() throws {
    #expect(try fault(String(repeating: "ab", count: 32)) == nil)
    #expect(try fault(String(repeating: "ab", count: 128)) == nil)
    #expect(try fault(String(repeating: "ab", count: 128) + "c") == .tooLong)
    // 256 characters of 4 bytes are 1024.
    #expect(try fault(String(repeating: "\u{1f600}", count: 256)) == nil)
    #expect(throws: Password.Fault.tooLong) { try password(String(repeating: "a", count: 1025)) }
    #expect(try password(String(repeating: "a", count: 1024)).text.count == 1024)
    #expect(try password("x").text == "x")
  }

  @Test func ownEmails() throws {
    for text in ["ada.lovelace@example.com", "Ada.Lovelace@Example.com", "ada.lovelace", "ADA.LOVELACE"] {
      #expect(try fault(text, email: "Ada.Lovelace@example.com") == .isEmail)
    }
    #expect(try fault("ada.lovelac", email: "ada.lovelace@example.com") == nil)
  }

  @Test func descriptionsHaveNoPasswords() throws {
    let password = try password("sesame street")
    #expect(!"\(password)".contains("sesame") && !"\([password])".contains("sesame"))
  }

  @Test func theListIsWhole() {
    // Its first, its last and others.
    for text in ["!qaz2wsx", "zzzzzzzz", "qwertyuiop", "sunshine1", "football"] {
      #expect(CommonPasswords.contains(text))
    }
    for text in ["", " ", "!qaz2wsx #1stunna", "nobody has this one"] { #expect(!CommonPasswords.contains(text)) }
  }

  // MARK: Hashes

  static let long = "\u{fc}ber-" + String(repeating: "x", count: 100)

  /// Made by passlib 1.7.4 and by libxcrypt.
  static let hashes = [
    ("correct horse", "$bcrypt-sha256$v=2,t=2b,r=4$VX6H8BfrZKD7BBzxIIrtlu$e2RHP2SpFTkqRy9f7rOCwUQYNHpI5ny"),
    (long, "$bcrypt-sha256$v=2,t=2b,r=5$QSAwKyGiWfeRVwTNANdqVO$Ai.5LDJ7qT9t3.Aki4nEuZdh6jE.ihS"),
    ("correct horse", "$2b$04$5u/VO6vWyo.tpaIx8fJG0OLPuhPUE7EGs1OgDG4HoYVKeRtTDT4LC"),
    (
      "correct horse",
      "$6$rounds=1000$n0JHmxSuhVvcCUNp$h0keMnBg/04jr6AhHgzTrc.FvRttRJin9y2q/v6bfCvYHfj6VfoHp6NwO9yqKksuB/UJNAMAwJy7/tjnceRX5/"
    ),
    (
      "correct horse",
      "$6$nq3ga8CQFByqKqCb$QKz8gg6AHgdMxjtcP/eOjo3ZmMzKJ/sMG3u6uhKViRbYU0cPcAKG0CRAIrnsXJe.q2DMEj7rGqZncAhZEgtsC/"
    ),
    ("correct horse", "$y$j9T$saltsaltsalt$nNDsycEBP37XRiK/Qx62iZ4Jbzj3gHJ2kMaWwdseEp/"),
  ]

  @Test(arguments: hashes) func hashesOfOthers(text: String, hash: String) throws {
    let stored = try #require(PasswordHash(hash))
    #expect(stored.text == hash)
    #expect(stored.verifies(try password(text)))
    for wrong in [text + "x", String(text.dropLast()), text.uppercased()] {
      #expect(!stored.verifies(try password(wrong)))
    }
    #expect(
      stored.isOutdated(cost: 12) && stored.isOutdated(cost: 5) == !hash.hasPrefix("$bcrypt-sha256$v=2,t=2b,r=5$"))
  }

  @Test func newHashes() throws {
    let one = try #require(PasswordHash.make(try password("correct horse"), cost: 4))
    let other = try #require(PasswordHash.make(try password("correct horse"), cost: 4))
    #expect(one != other && one.text.hasPrefix("$bcrypt-sha256$v=2,t=2b,r=4$"))
    for hash in [one, other] {
      #expect(PasswordHash(hash.text) == hash)
      #expect(hash.verifies(try password("correct horse")))
      #expect(!hash.verifies(try password("correct horsf")))
      #expect(!hash.isOutdated(cost: 4) && hash.isOutdated(cost: 5))
    }
    // bcrypt alone would drop what is behind the 72nd byte.
    let long = try #require(PasswordHash.make(try password(Self.long + "a"), cost: 4))
    #expect(long.verifies(try password(Self.long + "a")))
    #expect(!long.verifies(try password(Self.long + "b")))
  }

  @Test func nobodyHasTheDecoy() throws {
    let decoy = PasswordHash.decoy(cost: 4)
    #expect(!decoy.verifies(try password("correct horse")))
    #expect(!decoy.verifies(try password(".")))
  }

  /// What would hash for hours, or is no hash, or is too weak.
  @Test(arguments: [
    "", "x", "correct horse", "$", "$$$", "$2b$", "$2b$31$5u/VO6vWyo.tpaIx8fJG0OLPuhPUE7EGs1OgDG4HoYVKeRtTDT4LC",
    "$2b$03$5u/VO6vWyo.tpaIx8fJG0OLPuhPUE7EGs1OgDG4HoYVKeRtTDT4LC",
    "$2b$04$5u/VO6vWyo.tpaIx8fJG0OLPuhPUE7EGs1OgDG4HoYVKeRtTDT4L",
    "$2b$04$5u/VO6vWyo.tpaIx8fJG0OLPuhPUE7EGs1OgDG4HoYVKeRtTDT4L:", "$1$saltsalt$UsdbHqnXbZt6m3zWkUM7A/",
    "$6$rounds=99999999$n0JHmxSuhVvcCUNp$h0keMnBg/04jr6AhHgzTrc.FvRttRJin9y2q/v6bfCvYHfj6VfoHp6NwO9yqKksuB/UJNAMAwJy7/tjnceRX5/",
    "$y$jFT$saltsaltsalt$nNDsycEBP37XRiK/Qx62iZ4Jbzj3gHJ2kMaWwdseEp/",
    "$y$j9T$saltsaltsalt$", "$bcrypt-sha256$v=2,t=2b,r=30$VX6H8BfrZKD7BBzxIIrtlu$e2RHP2SpFTkqRy9f7rOCwUQYNHpI5ny",
    "$bcrypt-sha256$2b,4$VX6H8BfrZKD7BBzxIIrtlu$e2RHP2SpFTkqRy9f7rOCwUQYNHpI5ny",
    "$bcrypt-sha256$v=2,t=2b,r=4$VX6H8BfrZKD7BBzxIIrtl:$e2RHP2SpFTkqRy9f7rOCwUQYNHpI5ny",
    "$bcrypt-sha256$v=2,t=2b,r=4$VX6H8BfrZKD7BBzxIIrtlu$e2RHP2SpFTkqRy9f7rOCwUQYNHpI5n",
  ])
  func hashesThatAreRefused(text: String) {
    #expect(PasswordHash(text) == nil)
  }

  // MARK: The hasher

  @Test func hashesAndVerifies() async throws {
    let hasher = PasswordHasher(anyCost: 4)
    defer { hasher.shutdown() }
    let password = try password("correct horse"), other = try self.password("battery staple")
    let hash = try await hasher.hash(password, deadline: nil)
    #expect(try await hasher.verify(password, hash, deadline: nil) == .right(isOutdated: false))
    #expect(try await hasher.verify(other, hash, deadline: nil) == .wrong)
    #expect(try await hasher.verify(password, nil, deadline: nil) == .wrong)
    let foreign = try #require(PasswordHash(Self.hashes[2].1))
    #expect(try await hasher.verify(password, foreign, deadline: nil) == .right(isOutdated: true))
  }

  @Test func whatIsTooLateIsNotHashed() async throws {
    let hasher = PasswordHasher(anyCost: 4)
    defer { hasher.shutdown() }
    let password = try password("correct horse")
    await #expect(throws: PasswordHasher.Failure.deadlineExceeded) {
      try await hasher.hash(password, deadline: MonotonicClock.nanoseconds)
    }
    let later = MonotonicClock.nanoseconds + 60_000_000_000
    _ = try await hasher.hash(password, deadline: later)
  }

  @Test func itIsBounded() async throws {
    let hasher = PasswordHasher(anyCost: 4, limit: 2)
    defer { hasher.shutdown() }
    try await hasher.withPlace {
      _ = try await hasher.withPlace {
        await #expect(throws: PasswordHasher.Failure.overloaded) {
          try await hasher.withPlace { Issue.record("there was a third place") }
        }
      }
      // A place is given back, also after a failure.
      _ = try? await hasher.withPlace { throw PasswordHasher.Failure.failed }
      try await hasher.withPlace {}
    }
  }

  @Test func aPoolThatIsShutDownHashesNothing() async throws {
    let hasher = PasswordHasher(anyCost: 4)
    hasher.shutdown()
    let password = try password("correct horse")
    await #expect(throws: PasswordHasher.Failure.failed) { try await hasher.hash(password, deadline: nil) }
  }

  @Test func refusedPasswordsAreThoseOfTheFile() {
    let refused = RefusedPasswords(lines: Array("One of ours\r\nanother\n\nlast".utf8))
    #expect(refused.count == 3)
    let found = ["one of OURS", "another", "last", "", "one of our", "One of ours\r"].map { refused.contains($0) }
    #expect(found == [true, true, true, false, false, false])
    #expect(!RefusedPasswords().contains("another"))
  }
}
