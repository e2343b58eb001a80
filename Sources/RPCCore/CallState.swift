package import Primitives
package import Synchronization

/// The state behind `ServerContext`. The server makes it when it accepts a call.
package final class CallState: Sendable {
  /// The response's metadata. Made on first use: most calls have none.
  package final class ResponseMetadata {
    package var initial = Metadata()
    package var trailing = Metadata()
  }

  package struct Response {
    package var metadata: ResponseMetadata?
    package var isInitialMetadataSent = false
    package var stage: StaticString = "the handler ran"

    package mutating func makeMetadata() -> ResponseMetadata {
      if let metadata { return metadata }
      let made = ResponseMetadata()
      metadata = made
      return made
    }
  }

  package let method: MethodDescriptor
  package let deadline: Deadline?
  package let headers: any RequestHeaders
  package let peer: String
  package let security: TransportSecurity?
  package let response = Mutex(Response())
  package let values = Mutex(ContextValues())
  /// Atomic, because each message reads it.
  package let compression = Atomic(CompressionChoice(nil))
  package let isRequestCompressed = Atomic(false)
  package let observers: [any CallObserver]

  package init(
    method: MethodDescriptor, deadline: Deadline?, headers: any RequestHeaders, peer: String,
    security: TransportSecurity? = nil, observers: [any CallObserver] = []
  ) {
    self.observers = observers
    self.method = method
    self.deadline = deadline
    self.headers = headers
    self.peer = peer
    self.security = security
  }
}
