internal import CResolv
internal import EventLoop
internal import Glibc

/// Looks TXT records up, by the system's name servers. Any thread.
struct TextRecords: Sendable {
  /// Why there is no answer. That there are no such records is one.
  enum Failure: Error, Sendable, Hashable {
    case noServerAnswered
    case malformed
    case refused(OffloadError)
  }

  /// res_nquery blocks: not on loops.
  private static let pool = OffloadPool(threads: 1, queueLimit: 1024)
  /// The longest answer that DNS can give.
  private static let capacity = 65_536

  /// Whom to ask in place of the system's name servers: an IPv4 address and a port, for tests.
  var server: (address: UInt32, port: UInt16)?

  /// The texts of all TXT records of a name; none if it has no such records.
  func texts(of name: String) async -> Result<[String], Failure> {
    do throws(OffloadError) {
      return try await Self.pool.run { [self] in lookUp(name) }
    } catch {
      return .failure(.refused(error))
    }
  }

  private func lookUp(_ name: String) -> Result<[String], Failure> {
    var answer = [UInt8](repeating: 0, count: Self.capacity)
    let length = answer.withUnsafeMutableBufferPointer { buffer -> Int32 in
      guard let start = buffer.baseAddress else { return -1 }
      return cresolv_query_txt(
        name, start, Int32(buffer.count), (server?.address ?? 0).bigEndian, (server?.port ?? 0).bigEndian)
    }
    guard length >= 0 else { return .failure(.noServerAnswered) }
    guard length > 0 else { return .success([]) }
    guard let texts = DNSAnswer.texts(Array(answer.prefix(Int(length)))) else { return .failure(.malformed) }
    return .success(texts)
  }
}
