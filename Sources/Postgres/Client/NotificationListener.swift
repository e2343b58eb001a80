import EventLoop
import Primitives

// @unchecked Sendable: all variables belong to the loop; asserted in debug builds.
/// Receives the notifications of a channel (LISTEN, NOTIFY), over a connection of its own that does nothing else. When
/// it loses the connection, it opens another one.
///
/// Notifications are lost with the connection, so the owner must not depend on them: a notification only says that it
/// is worth while to look now. The listener also calls the owner each time it begins to listen. The owner must stop it
/// before its loop ends, and before the client shuts down.
public final class NotificationListener: @unchecked Sendable {
  private let loop: EventLoop
  private let settings: ConnectionSettings
  private let client: LoopClient
  private let listen: Statement
  private let onNotification: @Sendable () -> Void
  private var isRunning = false
  private var connection: Connection?
  private var timer: LoopTimer?
  private var backoff = Backoff(first: .milliseconds(250), limit: .seconds(10))

  init(
    _ channel: StaticString, client: LoopClient, settings: ConnectionSettings,
    onNotification: @escaping @Sendable () -> Void
  ) {
    loop = client.loop
    self.client = client
    self.settings = settings
    self.onNotification = onNotification
    listen = Statement("LISTEN", "LISTEN \(channel)")
  }

  deinit { assert(connection == nil, "a listener was dropped without being stopped") }

  /// Begins to listen. Any thread.
  public func start() {
    loop.execute { [self] in
      guard !isRunning else { return }
      isRunning = true
      connect()
    }
  }

  /// Closes its connection, and hears nothing any more. Any thread.
  public func stop() async {
    await withUnsafeContinuation { continuation in
      loop.execute { [self] in
        isRunning = false
        timer = nil
        connection?.close(PostgresError(.shutDown, "The listener was stopped."))
        connection = nil
        continuation.resume()
      }
    }
  }

  private func connect() {
    loop.assertCurrent()
    let connection = Connection(loop: loop, role: .leased(-1), settings: settings, logger: client.logger, owner: self)
    connection.onNotification = { [onNotification] in onNotification() }
    self.connection = connection
    connection.connect()
  }

  private func retry() {
    connection = nil
    guard isRunning else { return }
    let timer = timer ?? LoopTimer(on: loop) { [unowned self] in connect() }
    self.timer = timer
    var random = SystemRandomNumberGenerator()
    timer.schedule(after: backoff.next(using: &random))
  }
}

extension NotificationListener: ConnectionOwner {
  func connectionIsReady(_ connection: Connection) {
    let query = PendingQuery(listen, [], kind: .script, deadline: .max)
    query.begin(now: loop.now) { [self] answer in
      switch answer {
      case .success:
        backoff.reset()
        onNotification()
      case .failure(let error):
        // An engine without LISTEN says no each time; a lost connection has said so itself. Not now: the connection is
        // handling the answer.
        loop.execute { [self] in
          guard self.connection === connection, connection.isReady else { return }
          connection.close(error)
          retry()
        }
      }
    }
    connection.enqueue(query)
  }

  func connectionFailed(_ connection: Connection, _ error: PostgresError) { retry() }

  func connectionWasLost(_ connection: Connection, _ error: PostgresError) { retry() }

  func connectionMadeProgress(_ connection: Connection) {}

  func resubmit(_ request: PendingQuery) {
    request.fail(PostgresError(.connectionLost, "The connection was lost.", isSafeToRetry: true))
  }
}

extension PostgresClient {
  /// Makes a listener on a channel, over one more connection of the process. It does nothing until `start()`.
  /// - Parameters:
  ///   - channel: the channel's name, an identifier in lower case.
  ///   - onNotification: called on a loop's thread: it must not block.
  public func listener(
    on channel: StaticString, onNotification: @escaping @Sendable () -> Void
  ) -> NotificationListener {
    NotificationListener(channel, client: clients[0], settings: clients[0].settings, onNotification: onNotification)
  }
}
