import Dispatch
import Testing

@testable import EventLoop

@Suite struct NameResolverTests {
  /// A resolver whose lookups wait until they are let go.
  private final class Slow: Sendable {
    private let entered = DispatchSemaphore(value: 0)
    private let go = DispatchSemaphore(value: 0)
    let answer = ["192.0.2.1"]

    func resolver(queueLimit: Int) -> NameResolver {
      NameResolver(threads: 1, queueLimit: queueLimit) { [self] _ in
        entered.signal()
        go.wait()
        return .success(answer)
      }
    }

    /// Returns when a lookup is under way.
    func untilEntered() async {
      await withCheckedContinuation { continuation in
        DispatchQueue.global().async { [entered] in
          entered.wait()
          continuation.resume()
        }
      }
    }

    func letGo(_ count: Int) { for _ in 0..<count { go.signal() } }
  }

  private func failure(_ resolver: NameResolver, _ host: String) async -> NameResolutionError? {
    do {
      _ = try await resolver.addresses(of: host)
      return nil
    } catch {
      return error
    }
  }

  @Test(arguments: ["127.0.0.1", "::1", "fe80::1"]) func anAddressNeedsNoLookup(_ host: String) async throws {
    let resolver = NameResolver(threads: 1, queueLimit: 0) { .failure(NameResolutionError(unresolved: $0, "none")) }
    #expect(try await resolver.addresses(of: host) == [host])
  }

  @Test func localhostHasAddresses() async throws {
    let addresses = try await NameResolver().addresses(of: "localhost")
    #expect(!addresses.isEmpty && Set(addresses).isSubset(of: ["127.0.0.1", "::1"]))
    #expect(Set(addresses).count == addresses.count)
  }

  /// RFC 6761, section 6.4: no name under `invalid` exists.
  @Test func aNameWithoutAddressesIsNamed() async throws {
    let error = try #require(await failure(NameResolver(), "no-such-host.invalid"))
    #expect(error.code == .unresolved && error.host == "no-such-host.invalid")
    #expect(error.description.hasPrefix("no-such-host.invalid cannot be resolved: "))
  }

  @Test func aFullQueueIsNotAnUnknownName() async throws {
    let slow = Slow()
    let resolver = slow.resolver(queueLimit: 1)
    async let first = resolver.addresses(of: "first.example")
    await slow.untilEntered()
    // One of these two waits, and there is no place for the other.
    await withTaskGroup(of: NameResolutionError?.self) { group in
      for host in ["second.example", "third.example"] { group.addTask { await failure(resolver, host) } }
      let refused = await group.next() ?? nil
      #expect(refused?.code == .tooManyLookups)
      #expect(refused?.description.hasSuffix("was not looked up: too many lookups are waiting") == true)
      slow.letGo(2)
      #expect(await group.next() == .some(nil))
    }
    #expect(try await first == slow.answer)
  }

  @Test func cancellingTheTaskEndsTheWait() async throws {
    let slow = Slow()
    let resolver = slow.resolver(queueLimit: 1)
    let task = Task { await failure(resolver, "slow.example") }
    await slow.untilEntered()
    task.cancel()
    #expect(await task.value?.code == .cancelled)
    slow.letGo(1)

    let late = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return await failure(resolver, "late.example")
    }
    #expect(await late.value?.code == .cancelled)
    slow.letGo(1)
  }

  @Test func afterItsShutdownItRefuses() async throws {
    let resolver = NameResolver()
    resolver.shutdown()
    #expect(await failure(resolver, "localhost")?.code == .shutDown)
    #expect(try await resolver.addresses(of: "127.0.0.1") == ["127.0.0.1"])
  }
}
