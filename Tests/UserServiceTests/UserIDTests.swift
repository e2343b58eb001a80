import Synchronization
import Testing

@testable import UserService

@Suite struct UserIDTests {
  @Test(arguments: [
    ("01890a5d-ac96-774b-bcce-b302099a8057", UserID(high: 0x01890a5d_ac96774b, low: 0xbcceb302_099a8057)),
    ("00000000-0000-0000-0000-000000000000", UserID(high: 0, low: 0)),
    ("ffffffff-ffff-ffff-ffff-ffffffffffff", UserID(high: .max, low: .max)),
    ("00000000-0000-0000-8000-000000000001", UserID(high: 0, low: 0x8000_0000_0000_0001)),
  ])
  func readsAndWrites(text: String, id: UserID) {
    #expect(UserID(text) == id)
    #expect(UserID(text.uppercased()) == id)
    #expect(id.description == text)
  }

  @Test(arguments: [
    "", " ", "01890a5dac96774bbcceb302099a8057", "{01890a5d-ac96-774b-bcce-b302099a8057}",
    "urn:uuid:01890a5d-ac96-774b-bcce-b302099a8057", " 01890a5d-ac96-774b-bcce-b302099a8057",
    "01890a5d-ac96-774b-bcce-b302099a805", "01890a5d-ac96-774b-bcce-b302099a80570",
    "01890a5d-ac96-774b-bcce-b302099a805g", "01890a5d+ac96-774b-bcce-b302099a8057",
    "01890a5da-c96-774b-bcce-b302099a8057", "01890a5d-ac96-774b-bcce-b302099a80é",
    "０1890a5d-ac96-774b-bcce-b302099a80", "01890a5d-ac96-774b-bcce-b302099a805\0",
  ])
  func refuses(text: String) {
    #expect(UserID(text) == nil)
  }

  @Test func comparesAsBytes() {
    #expect(UserID(high: 1, low: .max) < UserID(high: 2, low: 0))
    #expect(UserID(high: 1, low: 1) < UserID(high: 1, low: 0x8000_0000_0000_0000))
    #expect(!(UserID(high: 1, low: 1) < UserID(high: 1, low: 1)))
  }
}

@Suite struct UserIDGeneratorTests {
  @Test func versionVariantAndTime() {
    let generator = UserIDGenerator(clock: { 0x0123_4567_89ab }, chance: { .max })
    let id = generator.next()
    #expect(id.high >> 16 == 0x0123_4567_89ab)
    #expect(id.high >> 12 & 0xf == 7)
    #expect(id.low >> 62 == 0b10)
    #expect(id.low << 2 == UInt64.max << 2)
  }

  @Test func risesWhileTheClockStands() {
    let generator = UserIDGenerator(clock: { 1000 }, chance: { 0 })
    var last = UserID.nil
    // More than the counter's 4096 values: it runs on into the next milliseconds.
    for _ in 0..<10_000 {
      let id = generator.next()
      #expect(last < id)
      #expect(id.high >> 12 & 0xf == 7)
      last = id
    }
    #expect(last.high >> 16 == 1002)
  }

  @Test func risesWhenTheClockIsSetBack() {
    let times = Mutex<[UInt64]>([5000, 10, 4999, 5001])
    let generator = UserIDGenerator(clock: { times.withLock { $0.removeFirst() } }, chance: { 0 })
    let ids = (0..<4).map { _ in generator.next() }
    #expect(ids == ids.sorted())
    #expect(Set(ids).count == 4)
    #expect(ids[3].high >> 16 == 5001)
  }

  @Test func isUniqueAcrossTasks() async {
    let generator = UserIDGenerator(clock: { 1 }, chance: { 0 })
    let all = await withTaskGroup(of: [UserID].self) { group in
      for _ in 0..<4 { group.addTask { (0..<2000).map { _ in generator.next() } } }
      return await group.reduce(into: []) { $0 += $1 }
    }
    #expect(Set(all).count == 8000)
  }

  @Test func clockIsTheWorldsClock() {
    let id = UserIDGenerator().next()
    // After 2023 and before 2286: milliseconds, neither seconds nor microseconds.
    #expect((1_672_531_200_000..<9_999_999_999_999).contains(id.high >> 16))
  }
}
