import Glibc
import ProtoWire
import RPCClient
import RPCCore
import RPCDynamic

/// Makes the call, and prints what comes of it.
struct CallRunner: Sendable {
  let request: CallRequest
  let channel: Channel
  let options: CallOptions

  /// A line of JSON for each response.
  /// - Returns: how the call failed; nil: it did not.
  func run() async -> RPCError? {
    do {
      // A call of any kind is one with streams of both sides: the requests are there, and what comes is printed.
      let descriptor = request.method.descriptor
      let method = MethodDescriptor(
        service: descriptor.service, name: descriptor.name, kind: .bidirectionalStreaming)
      let call: BidirectionalCall<DynamicMessage, DynamicMessage> = channel.bidirectionalStreaming(method, options)
      async let sent: Void = send(call.requests)
      for try await response in call.responses { Output.line(try request.method.json(response: response)) }
      try await sent
      return nil
    } catch let error as JSONError {
      return RPCError(.internal, "a response has no JSON: \(error)")
    } catch {
      return RPCError(mapping: error)
    }
  }

  private func send(_ requests: RequestWriter<DynamicMessage>) async throws {
    for message in request.messages {
      guard try await requests.write(message) else { return }
    }
    requests.finish()
  }

  /// A status for people: its code, its message, and its details as JSON.
  func describe(_ error: RPCError) -> String {
    guard !error.details.isEmpty, let details = try? error.status.json(request.method.transcoder) else {
      return error.description
    }
    return "\(error)\n\(details)"
  }
}
