import ProtoWire
import RPCCore
import RPCServer
import Synchronization
import TestPeer
import Testing

/// Counts the handlers that were entered and those that have returned, and says when one is about to wait.
final class Probe: Sendable {
  let entered = Atomic(0)
  let returned = Atomic(0)
  let isWaiting = Gate()

  func watch<R>(_ body: () async throws -> R) async rethrows -> R {
    entered.add(1, ordering: .relaxed)
    defer { returned.add(1, ordering: .relaxed) }
    return try await body()
  }
}

/// A place where a call can wait, with a handler that goes there and what its client sends to bring it there.
struct AwaitPlace: Sendable, CustomTestStringConvertible {
  let name: String
  /// False where the call waits for its client, and no handler runs.
  var hasHandler = true
  /// What follows the header section.
  var body: [UInt8]?
  var isEnded = false
  /// The handler, for a method of some name.
  let handler: @Sendable (Probe, String) -> MethodHandler

  var testDescription: String { name }

  private typealias Requests = RequestStream<Bytes>
  private typealias Responses = ResponseWriter<Bytes>
  private static let empty = grpcFrame([])
  private static let large = Bytes(bytes(100_000))

  static let all = unary + serverStreaming + clientStreaming + bidirectional

  private static let unary: [AwaitPlace] = [
    AwaitPlace(name: "unary: head only", hasHandler: false) { _, _ in .echo },
    AwaitPlace(name: "unary: half a message", hasHandler: false, body: Array(empty.dropLast())) { _, _ in .echo },
    AwaitPlace(name: "unary: no end", hasHandler: false, body: empty) { _, _ in .echo },
    AwaitPlace(name: "unary: in the handler", body: empty, isEnded: true) { probe, name in
      .unary(.test(name, .unary)) { (request: Bytes, _) in
        try await probe.watch {
          probe.isWaiting.open()
          await untilCancelled()
          return request
        }
      }
    },
    AwaitPlace(name: "unary: in child tasks", body: empty, isEnded: true) { probe, name in
      .unary(.test(name, .unary)) { (request: Bytes, _) in
        try await probe.watch {
          await withTaskGroup(of: Void.self) { tasks in
            for _ in 0..<5 { tasks.addTask { await untilCancelled() } }
            probe.isWaiting.open()
          }
          return request
        }
      }
    },
  ]

  private static let serverStreaming: [AwaitPlace] = [
    AwaitPlace(name: "server streaming: no end", hasHandler: false, body: empty) { _, _ in .count },
    AwaitPlace(name: "server streaming: in the handler, after a message", body: empty, isEnded: true) { probe, name in
      .serverStreaming(.test(name, .serverStreaming)) { (_: Bytes, responses: Responses, _) in
        try await probe.watch {
          try await responses.write(Bytes())
          probe.isWaiting.open()
          await untilCancelled()
        }
      }
    },
    AwaitPlace(name: "server streaming: writing", body: empty, isEnded: true) { probe, name in
      .serverStreaming(.test(name, .serverStreaming)) { (_: Bytes, responses: Responses, _) in
        try await probe.watch {
          probe.isWaiting.open()
          while true { try await responses.write(large) }
        }
      }
    },
    AwaitPlace(name: "server streaming: writing from an actor", body: empty, isEnded: true) { probe, name in
      .serverStreaming(.test(name, .serverStreaming)) { (_: Bytes, responses: Responses, _) in
        try await probe.watch {
          probe.isWaiting.open()
          try await Self.writeFromMain(responses)
        }
      }
    },
  ]

  private static let clientStreaming: [AwaitPlace] = [
    AwaitPlace(name: "client streaming: reading the first") { probe, name in
      .clientStreaming(.test(name, .clientStreaming)) { (requests: Requests, _) in
        try await probe.watch {
          probe.isWaiting.open()
          for try await _ in requests {}
          return Bytes()
        }
      }
    },
    AwaitPlace(name: "client streaming: reading the second", body: empty + empty.dropLast()) { probe, name in
      .clientStreaming(.test(name, .clientStreaming)) { (requests: Requests, _) in
        try await probe.watch {
          for try await _ in requests { probe.isWaiting.open() }
          return Bytes()
        }
      }
    },
    AwaitPlace(name: "client streaming: reading from an actor") { probe, name in
      .clientStreaming(.test(name, .clientStreaming)) { (requests: Requests, _) in
        try await probe.watch {
          probe.isWaiting.open()
          try await Self.readFromMain(requests)
          return Bytes()
        }
      }
    },
    AwaitPlace(name: "client streaming: after the last", body: empty, isEnded: true) { probe, name in
      .clientStreaming(.test(name, .clientStreaming)) { (requests: Requests, _) in
        try await probe.watch {
          for try await _ in requests {}
          probe.isWaiting.open()
          await untilCancelled()
          return Bytes()
        }
      }
    },
  ]

  private static let bidirectional: [AwaitPlace] = [
    AwaitPlace(name: "bidirectional: reading", body: empty) { probe, name in
      .bidirectionalStreaming(.test(name, .bidirectionalStreaming)) { (requests: Requests, responses: Responses, _) in
        try await probe.watch {
          for try await request in requests {
            try await responses.write(request)
            probe.isWaiting.open()
          }
        }
      }
    },
    AwaitPlace(name: "bidirectional: writing") { probe, name in
      .bidirectionalStreaming(.test(name, .bidirectionalStreaming)) { (_: Requests, responses: Responses, _) in
        try await probe.watch {
          probe.isWaiting.open()
          while true { try await responses.write(large) }
        }
      }
    },
    AwaitPlace(name: "bidirectional: reading and writing at once", body: empty) { probe, name in
      .bidirectionalStreaming(.test(name, .bidirectionalStreaming)) { (requests: Requests, responses: Responses, _) in
        try await probe.watch {
          async let reading: Void = { for try await _ in requests { probe.isWaiting.open() } }()
          async let writing: Void = { while true { try await responses.write(large) } }()
          _ = try await (reading, writing)
        }
      }
    },
    AwaitPlace(name: "bidirectional: half-closed, in the handler", isEnded: true) { probe, name in
      .bidirectionalStreaming(.test(name, .bidirectionalStreaming)) { (requests: Requests, responses: Responses, _) in
        try await probe.watch {
          for try await _ in requests {}
          try await responses.sendInitialMetadata()
          probe.isWaiting.open()
          await untilCancelled()
        }
      }
    },
  ]

  @MainActor private static func writeFromMain(_ responses: Responses) async throws {
    while true { try await responses.write(large) }
  }

  @MainActor private static func readFromMain(_ requests: Requests) async throws { for try await _ in requests {} }
}
