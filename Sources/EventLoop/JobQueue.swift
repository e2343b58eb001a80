/// One loop's ready jobs, first in, first out: a ring that grows when it is full.
struct JobQueue: ~Copyable {
  private var storage: UnsafeMutablePointer<UnownedJob>
  private var capacity: Int
  private var head = 0
  private(set) var count = 0

  init() {
    capacity = 256
    storage = .allocate(capacity: capacity)
  }

  deinit { storage.deallocate() }

  var isEmpty: Bool { count == 0 }

  mutating func append(_ job: UnownedJob) {
    if count == capacity { grow() }
    storage.advanced(by: (head + count) & (capacity - 1)).initialize(to: job)
    count += 1
  }

  mutating func popFirst() -> UnownedJob? {
    guard count > 0 else { return nil }
    let job = storage.advanced(by: head).move()
    head = (head + 1) & (capacity - 1)
    count -= 1
    return job
  }

  mutating func popLast() -> UnownedJob? {
    guard count > 0 else { return nil }
    count -= 1
    return storage.advanced(by: (head + count) & (capacity - 1)).move()
  }

  private mutating func grow() {
    let larger = UnsafeMutablePointer<UnownedJob>.allocate(capacity: capacity * 2)
    let first = min(count, capacity - head)
    larger.moveInitialize(from: storage + head, count: first)
    (larger + first).moveInitialize(from: storage, count: count - first)
    storage.deallocate()
    storage = larger
    capacity *= 2
    head = 0
  }
}
