public import Primitives
package import Synchronization

/// What a handler knows of its call, and what it may say beside its response. Any thread may use it, also after the
/// call.
public struct ServerContext: Sendable {
  package let call: CallState

  package init(_ call: CallState) { self.call = call }

  /// A context without a connection, for testing handlers.
  public init(
    method: MethodDescriptor, deadline: Deadline? = nil, requestMetadata: Metadata = [:], peer: String = "test",
    security: TransportSecurity? = nil
  ) {
    call = CallState(method: method, deadline: deadline, headers: requestMetadata, peer: peer, security: security)
  }

  /// The method that was called.
  public var method: MethodDescriptor { call.method }

  /// When the caller stops waiting; nil if it never does. The call's task is cancelled then.
  public var deadline: Deadline? { call.deadline }

  /// The caller's address: "127.0.0.1:40312", "unix".
  public var peer: String { call.peer }

  /// What TLS says of the connection and of the caller, such as its certificate; nil if it has no TLS.
  public var security: TransportSecurity? { call.security }

  /// The request's metadata without the fields that belong to HTTP/2 and gRPC. Decoded at each call: keep it if you
  /// need it twice.
  public var requestMetadata: Metadata { call.headers.metadata() }

  /// Adds to the metadata that goes before the first message. Returns false, and adds nothing, once that was sent.
  @discardableResult
  public func addInitialMetadata(_ metadata: Metadata) -> Bool {
    call.response.withLock { response in
      guard !response.isInitialMetadataSent else { return false }
      response.makeMetadata().initial.append(contentsOf: metadata)
      return true
    }
  }

  /// Adds to the metadata that goes behind the last message, with the status.
  public func addTrailingMetadata(_ metadata: Metadata) {
    call.response.withLock { $0.makeMetadata().trailing.append(contentsOf: metadata) }
  }

  /// How responses are compressed, if the client takes it; nil, as at first, leaves it to the server's configuration.
  /// What is set once the first message was sent can only turn compression off, with `identity`.
  public var responseCompression: CompressionAlgorithm? {
    get { call.compression.load(ordering: .relaxed).algorithm }
    nonmutating set { call.compression.store(CompressionChoice(newValue), ordering: .relaxed) }
  }

  /// Whether the request message that was taken last came compressed.
  public var isRequestCompressed: Bool { call.isRequestCompressed.load(ordering: .relaxed) }

  /// The observer of a type that an interceptor's `callStarted` made for this call.
  public func observer<Observer: CallObserver>(as type: Observer.Type = Observer.self) -> Observer? {
    for case let observer as Observer in call.observers { return observer }
    return nil
  }

  /// Says what the call is about to wait for, in words that complete "the deadline passed while …".
  public func enterStage(_ stage: StaticString) {
    call.response.withLock { $0.stage = stage }
  }
}

/// A request's header fields, decoded when somebody asks.
package protocol RequestHeaders: Sendable {
  func metadata() -> Metadata
}

extension Metadata: RequestHeaders {
  package func metadata() -> Metadata { self }
}

/// What `ServerContext` refers to: made when a call is accepted.
package final class CallState: Sendable {
  /// Most calls have no metadata of their own, and then nothing is made for it.
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
  /// Atomic, since it is looked at for each message.
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

/// What a handler wants of compression: an algorithm, or nothing in particular.
package struct CompressionChoice: Sendable, AtomicRepresentable {
  /// One more than the algorithm's number; zero without one.
  private let rawValue: UInt8

  package init(_ algorithm: CompressionAlgorithm?) { rawValue = algorithm.map { $0.kind.rawValue + 1 } ?? 0 }

  private init(rawValue: UInt8) { self.rawValue = rawValue }

  package var algorithm: CompressionAlgorithm? {
    rawValue == 0 ? nil : CompressionAlgorithm.Kind(rawValue: rawValue - 1).map(CompressionAlgorithm.init)
  }

  package typealias AtomicRepresentation = UInt8.AtomicRepresentation

  package static func encodeAtomicRepresentation(_ value: consuming CompressionChoice) -> AtomicRepresentation {
    UInt8.encodeAtomicRepresentation(value.rawValue)
  }

  package static func decodeAtomicRepresentation(_ storage: consuming AtomicRepresentation) -> CompressionChoice {
    CompressionChoice(rawValue: UInt8.decodeAtomicRepresentation(storage))
  }
}
