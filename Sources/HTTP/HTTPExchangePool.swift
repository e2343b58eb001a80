/// Exchanges that are over, kept for later streams of the same thread: a request costs no allocation for its exchange.
/// Belongs to the thread of the sessions that share it.
public final class HTTPExchangePool {
  private let capacity: Int
  // One thread reads and writes it, and no access calls back into another.
  @exclusivity(unchecked) private var idle: [HTTPExchange] = []

  /// - Parameter capacity: how many exchanges it keeps at most; one has about 150 bytes.
  public init(capacity: Int = 1024) { self.capacity = capacity }

  func take(id: Int32) -> HTTPExchange {
    guard let exchange = idle.popLast() else { return HTTPExchange(id: id) }
    exchange.id = id
    return exchange
  }

  /// Keeps an exchange to which nobody else refers.
  func giveBack(_ exchange: HTTPExchange) {
    guard idle.count < capacity else { return }
    exchange.reset()
    idle.append(exchange)
  }
}
