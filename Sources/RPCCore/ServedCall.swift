package import Synchronization

/// The call that a task serves, for the calls that its handler makes: they share its deadline.
package enum ServedCall {
  /// Nil outside of handlers. Child tasks inherit it.
  @TaskLocal package static var current: ServerContext?

  /// Somebody will ask: binding a task-local value costs each call something, so a process without clients does not.
  package static let isWanted = Atomic(false)
}
