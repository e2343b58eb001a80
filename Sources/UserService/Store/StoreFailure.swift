/// A failure of a store, or of the way to it.
public struct StoreFailure: Sendable {
  /// What callers are told. `StoreError+RPC.swift` has the status of each kind.
  public enum Kind: Sendable, Hashable, CaseIterable {
    /// The caller's task was cancelled.
    case cancelled
    /// The caller's deadline passed.
    case deadlineExceeded
    /// The store can't be reached, or does not answer.
    case unavailable
    /// The store can be read, and takes no writes at present. A standby, for example.
    case readOnly
    /// Too many calls are waiting for the store.
    case overloaded
    /// Another call interfered. The caller may repeat its read and its write.
    case conflict
    /// Anything else: a fault of the service, of the store, or of stored data.
    case `internal`
  }

  /// What kind of failure it is.
  public let kind: Kind
  /// True only if nothing was changed: the call was a read, was not sent, or was rolled back.
  public let isSafeToRetry: Bool
  /// What the log gets with the call; callers never see it. Nil if the log needs no line for each call: the caller
  /// brought the failure about, or the store logs it once for all calls that meet it.
  public let cause: (any Error)?

  /// A failure. Stores create them.
  public init(_ kind: Kind, isSafeToRetry: Bool, cause: (any Error)? = nil) {
    self.kind = kind
    self.isSafeToRetry = isSafeToRetry
    self.cause = cause
  }

  /// The write may have taken effect, because its answer was lost or came too late.
  public var isOutcomeUnknown: Bool {
    switch kind {
    case .unavailable, .deadlineExceeded: !isSafeToRetry
    case .cancelled, .readOnly, .overloaded, .conflict, .internal: false
    }
  }
}
