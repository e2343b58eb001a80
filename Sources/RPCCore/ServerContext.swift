public import Primitives
import Synchronization

/// The context of a call: what a handler needs to know about it, and what it may send beside its responses. Any thread
/// may use it, also after the call has ended.
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

  /// When the caller stops waiting; nil if it never does. The server then cancels the call's task.
  public var deadline: Deadline? { call.deadline }

  /// The caller's address: "127.0.0.1:40312", "unix".
  public var peer: String { call.peer }

  /// The connection's TLS parameters and the caller's certificate; nil without TLS.
  public var security: TransportSecurity? { call.security }

  /// The request's metadata, without the fields that belong to HTTP/2 and gRPC. Each access decodes it anew: keep it if
  /// you need it twice.
  public var requestMetadata: Metadata { call.headers.metadata() }

  /// Calls `body` with each value of a name in the request's metadata, in order, as the bytes that came. It decodes and
  /// copies nothing; the bytes must not leave `body`.
  /// - Parameter name: in lower case, without a colon.
  public func forEachRequestValue(of name: StaticString, _ body: (UnsafeRawBufferPointer) -> Void) {
    call.headers.forEachValue(of: name, body)
  }

  /// Tells the call's observers who calls, for the access log and traces.
  /// - Parameter id: names the caller, without personal data: an id, no name and no address.
  public func identifyCaller(_ id: String) {
    for observer in call.observers { observer.callerIdentified(id) }
  }

  /// Adds to the initial metadata, which is sent before the first message.
  /// - Returns: false if it was sent already; then this adds nothing.
  @discardableResult
  public func addInitialMetadata(_ metadata: Metadata) -> Bool {
    call.response.withLock { response in
      guard !response.isInitialMetadataSent else { return false }
      response.makeMetadata().initial.append(contentsOf: metadata)
      return true
    }
  }

  /// Adds to the trailing metadata, which is sent with the status.
  public func addTrailingMetadata(_ metadata: Metadata) {
    call.response.withLock { $0.makeMetadata().trailing.append(contentsOf: metadata) }
  }

  /// The algorithm that compresses the responses if the client accepts it; nil, the default, leaves the choice to the
  /// server's configuration. Set it before the first message; afterwards only `identity` has an effect: it turns
  /// compression off.
  public var responseCompression: CompressionAlgorithm? {
    get { call.compression.load(ordering: .relaxed).algorithm }
    nonmutating set { call.compression.store(CompressionChoice(newValue), ordering: .relaxed) }
  }

  /// Whether the last request message that the handler received was compressed.
  public var isRequestCompressed: Bool { call.isRequestCompressed.load(ordering: .relaxed) }

  /// The observer with this type that an interceptor's `callStarted` returned for this call; nil if there is none.
  public func observer<Observer: CallObserver>(as type: Observer.Type = Observer.self) -> Observer? {
    for case let observer as Observer in call.observers { return observer }
    return nil
  }

  /// What was left under a key; nil if nothing was. ``ContextKey`` shows how an interceptor tells handlers who calls.
  public subscript<Key: ContextKey>(key: Key.Type) -> Key.Value? {
    get { call.values.withLock { $0[key] } }
    nonmutating set { call.values.withLock { $0[key] = newValue } }
  }

  /// Names what the call waits for from now on, as a clause that completes "the deadline passed while …".
  public func enterStage(_ stage: StaticString) {
    call.response.withLock { $0.stage = stage }
  }
}
