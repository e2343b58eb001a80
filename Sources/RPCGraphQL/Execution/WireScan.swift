/// Reads the fields of an encoded message without decoding those that nobody asked for.
/// https://protobuf.dev/programming-guides/encoding/
struct WireScan {
  /// A field's last occurrence.
  struct Slot {
    var isPresent = false
    /// Of a number: a varint's value, or the bits of a fixed one.
    var number: UInt64 = 0
    /// Of what has a length.
    var bytes = UnsafeRawBufferPointer(start: nil, count: 0)
    /// 0, 1, 2 or 5.
    var wireType: UInt8 = 0
    /// Its bytes, the tag included.
    var whole = UnsafeRawBufferPointer(start: nil, count: 0)
  }

  private let message: UnsafeRawBufferPointer
  private var index = 0
  private(set) var field: UInt32 = 0
  private(set) var slot = Slot()
  /// The bytes are no message.
  private(set) var isMalformed = false

  init(_ message: UnsafeRawBufferPointer) { self.message = message }

  /// Reads the next field.
  /// - Returns: false at the end, or where the bytes are no message.
  @inline(__always)
  mutating func next() -> Bool {
    guard index < message.count else { return false }
    let start = index
    guard let tag = varint() else { return fail() }
    field = UInt32(truncatingIfNeeded: tag >> 3)
    slot.isPresent = true
    slot.wireType = UInt8(tag & 7)
    switch tag & 7 {
    case 0:
      guard let value = varint() else { return fail() }
      slot.number = value
    case 1:
      guard message.count - index >= 8 else { return fail() }
      slot.number = UInt64(littleEndian: message.loadUnaligned(fromByteOffset: index, as: UInt64.self))
      index += 8
    case 5:
      guard message.count - index >= 4 else { return fail() }
      slot.number = UInt64(UInt32(littleEndian: message.loadUnaligned(fromByteOffset: index, as: UInt32.self)))
      index += 4
    case 2:
      guard let length = varint(), length <= UInt64(message.count - index) else { return fail() }
      slot.bytes = UnsafeRawBufferPointer(rebasing: message[index..<(index + Int(length))])
      index += Int(length)
    default: return fail()
    }
    slot.whole = UnsafeRawBufferPointer(rebasing: message[start..<index])
    return true
  }

  private mutating func fail() -> Bool {
    isMalformed = true
    return false
  }

  @inline(__always)
  private mutating func varint() -> UInt64? {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while index < message.count, shift < 70 {
      let byte = message[index]
      index += 1
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
    return nil
  }

  /// The last occurrence of a field.
  static func last(_ number: UInt32, in message: UnsafeRawBufferPointer) -> Slot {
    var found = Slot()
    var scan = WireScan(message)
    while scan.next() { if scan.field == number { found = scan.slot } }
    return found
  }

  /// The elements of a repeated field: one by one, or packed.
  static func elements(_ field: WireField, in message: UnsafeRawBufferPointer) -> [Slot] {
    var found: [Slot] = []
    var scan = WireScan(message)
    while scan.next() {
      guard scan.field == field.number else { continue }
      guard scan.slot.wireType == 2, let type = field.packedType else {
        found.append(scan.slot)
        continue
      }
      var inner = WireScan(scan.slot.bytes)
      while let slot = inner.element(type) { found.append(slot) }
    }
    return found
  }

  /// The next element of a packed field.
  private mutating func element(_ type: UInt8) -> Slot? {
    var slot = Slot()
    slot.isPresent = true
    slot.wireType = type
    switch type {
    case 1 where message.count - index >= 8:
      slot.number = UInt64(littleEndian: message.loadUnaligned(fromByteOffset: index, as: UInt64.self))
      index += 8
    case 5 where message.count - index >= 4:
      slot.number = UInt64(UInt32(littleEndian: message.loadUnaligned(fromByteOffset: index, as: UInt32.self)))
      index += 4
    case 0:
      guard let value = varint() else { return nil }
      slot.number = value
    default: return nil
    }
    return slot
  }
}

extension WireField {
  /// The wire type of elements that may be packed; nil for those that have a length.
  fileprivate var packedType: UInt8? {
    switch form {
    case .bool, .int32, .sint32, .unsigned32, .int64, .sint64, .unsigned64, .enumeration: 0
    case .fixed32, .unsignedFixed32, .float: 5
    case .fixed64, .unsignedFixed64, .double: 1
    case .string, .bytes, .dateTime, .message, .json: nil
    }
  }
}
