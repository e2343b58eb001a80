import ConformanceAPI
import EventLoop
import Glibc
import ProtoWire
import Synchronization

/// The client under test for the Connect project's conformance runner. It reads ClientCompatRequests from standard
/// input until its end, makes each call, several at a time, and writes a ClientCompatResponse for each to standard
/// output.
/// https://github.com/connectrpc/conformance/blob/main/docs/testing_clients.md
@main
enum ConformanceClient {
  /// Calls at a time.
  private static let mostCalls = 64

  /// One response is written at a time.
  private static let output = Mutex(())

  static func main() async {
    // Reading blocks.
    let input = OffloadPool(threads: 1, queueLimit: 1)
    do {
      try await withThrowingTaskGroup(of: Void.self) { calls in
        var running = 0
        while let request = try await input.run({ Result { try read() } }).get() {
          if running == mostCalls {
            try await calls.next()
            running -= 1
          }
          running += 1
          calls.addTask {
            let response = await respond(to: request)
            try output.withLock { _ in try Pipe.write(response) }
          }
        }
        try await calls.waitForAll()
      }
    } catch {
      Pipe.complain("conformance-client: \(error)")
      exit(1)
    }
  }

  /// The next request; nil when there is no other.
  private static func read() throws -> ClientCompatRequest? {
    do {
      return try Pipe.read(ClientCompatRequest.self)
    } catch Pipe.Failure.ended {
      return nil
    }
  }

  private static func respond(to request: ClientCompatRequest) async -> ClientCompatResponse {
    var response = ClientCompatResponse()
    response.testName = request.testName
    do {
      response.result = .response(try await ConformanceCall(request).run())
    } catch {
      response.result = .error(.with { $0.message = "\(error)" })
    }
    return response
  }
}
