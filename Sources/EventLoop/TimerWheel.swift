/// A hierarchical timing wheel: scheduling and cancelling are O(1), and a cancelled timer takes no memory in it (each
/// gRPC call sets a deadline, and nearly all of them cancel it).
///
/// Six levels of 64 slots with a tick of one millisecond cover over two years; a later timer waits in the last slot,
/// and is placed again when that slot comes up. A word of bits marks a level's occupied slots, so that finding the next
/// expiry needs no walk over empty slots. The caller passes the time: the wheel reads no clock. After Varghese and
/// Lauck, "Hashed and Hierarchical Timing Wheels" (1987).
struct TimerWheel: ~Copyable {
  private static let levelCount = 6
  private static let slotBits = 6
  private static let slotCount = 1 << slotBits
  private static let maximumTicks: UInt64 = (1 << UInt64(levelCount * slotBits)) - 1

  /// Heads of the slots' lists, level by level. The wheel holds no references: a timer removes itself in its deinit.
  private let slots: UnsafeMutablePointer<Unmanaged<LoopTimer>?>
  private var occupied: [UInt64] = Array(repeating: 0, count: levelCount)
  /// The wheel has expired all ticks up to and including this one.
  private(set) var currentTick: UInt64
  private(set) var count = 0

  init(startTick: UInt64) {
    currentTick = startTick
    slots = .allocate(capacity: Self.levelCount * Self.slotCount)
    slots.initialize(repeating: nil, count: Self.levelCount * Self.slotCount)
  }

  deinit {
    for index in 0..<(Self.levelCount * Self.slotCount) {
      while let head = slots[index] {
        let timer = head.takeUnretainedValue()
        slots[index] = timer.next
        timer.slot = nil
      }
    }
    slots.deallocate()
  }

  /// Inserts a timer. One whose tick has passed already expires at the next tick.
  mutating func insert(_ timer: LoopTimer, tick: UInt64) {
    timer.tick = tick
    place(timer)
    count += 1
  }

  /// Removes a timer, which must be in the wheel.
  mutating func remove(_ timer: LoopTimer) {
    unlink(timer)
    count -= 1
  }

  /// The next tick at which `expire` has something to do, or nil if no timer is scheduled. It may be earlier than the
  /// first timer's tick (when a slot of a higher level must be spread over the lower ones), never later.
  func nextTick() -> UInt64? {
    for level in 0..<Self.levelCount where occupied[level] != 0 {
      let shift = UInt64(level * Self.slotBits)
      let position = Int((currentTick >> shift) & 63)
      // Slots ahead of the current position come first, then those that wrapped around.
      let bits = occupied[level]
      let rotated = position == 63 ? bits : (bits >> UInt64(position + 1)) | (bits << UInt64(63 - position))
      let distance = UInt64(rotated.trailingZeroBitCount) + 1
      return ((currentTick >> shift) &+ distance) << shift
    }
    return nil
  }

  /// Advances to `tick`. Removes each timer that is due and appends it to `due`, in the order of the ticks.
  mutating func expire(through tick: UInt64, into due: inout [LoopTimer]) {
    while let next = nextTick(), next <= tick {
      currentTick = next
      // From the highest level down: a slot that begins at this tick is spread over the levels below.
      for level in stride(from: Self.levelCount - 1, through: 1, by: -1) {
        let shift = UInt64(level * Self.slotBits)
        guard next & ((1 << shift) - 1) == 0 else { continue }
        spread(level: level, slot: Int((next >> shift) & 63), into: &due)
      }
      drain(slot: Int(next & 63), into: &due)
    }
    if tick > currentTick { currentTick = tick }
  }

  private mutating func spread(level: Int, slot: Int, into due: inout [LoopTimer]) {
    let index = level * Self.slotCount + slot
    var list = slots[index]
    slots[index] = nil
    occupied[level] &= ~(1 << UInt64(slot))
    while let head = list {
      let timer = head.takeUnretainedValue()
      list = timer.next
      timer.slot = nil
      timer.next = nil
      timer.previous = nil
      if timer.tick <= currentTick {
        count -= 1
        timer.isDue = true
        due.append(timer)
      } else {
        place(timer)
      }
    }
  }

  private mutating func drain(slot: Int, into due: inout [LoopTimer]) {
    while let head = slots[slot] {
      let timer = head.takeUnretainedValue()
      unlink(timer)
      count -= 1
      timer.isDue = true
      due.append(timer)
    }
  }

  private mutating func place(_ timer: LoopTimer) {
    let tick = min(max(timer.tick, currentTick + 1), currentTick + Self.maximumTicks)
    // The level is that of the highest bit in which the tick differs from the current one.
    let difference = tick ^ currentTick
    let highestBit = 63 - difference.leadingZeroBitCount
    let level = min(highestBit / Self.slotBits, Self.levelCount - 1)
    let slot = Int((tick >> UInt64(level * Self.slotBits)) & 63)
    let index = level * Self.slotCount + slot
    timer.slot = index
    timer.previous = nil
    timer.next = slots[index]
    slots[index]?.takeUnretainedValue().previous = Unmanaged.passUnretained(timer)
    slots[index] = Unmanaged.passUnretained(timer)
    occupied[level] |= 1 << UInt64(slot)
  }

  private mutating func unlink(_ timer: LoopTimer) {
    guard let index = timer.slot else { return }
    if let previous = timer.previous {
      previous.takeUnretainedValue().next = timer.next
    } else {
      slots[index] = timer.next
    }
    timer.next?.takeUnretainedValue().previous = timer.previous
    if slots[index] == nil { occupied[index / Self.slotCount] &= ~(1 << UInt64(index % Self.slotCount)) }
    timer.slot = nil
    timer.next = nil
    timer.previous = nil
  }
}
