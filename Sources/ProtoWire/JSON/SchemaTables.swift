/// Pointers to the flat tables of a pool.
///
/// The argument for their safety: `DescriptorPool` allocates and fills them once, never changes them, and frees them
/// when it goes; a copy of this struct is only held by a transcoding that a `DescriptorPool` is kept alive around. All
/// indices come from the compiler of the same pool, never from input.
struct SchemaTables {
  let messages: UnsafeBufferPointer<MessageSchema>
  let fields: UnsafeBufferPointer<FieldSchema>
  let enums: UnsafeBufferPointer<EnumSchema>
  let values: UnsafeBufferPointer<EnumValueSchema>
  let slots: UnsafeBufferPointer<Int16>
  let names: UnsafeBufferPointer<NameEntry>
  let text: UnsafeBufferPointer<UInt8>

  init(_ builder: SchemaBuilder) {
    messages = Self.copy(builder.messages)
    fields = Self.copy(builder.fields)
    enums = Self.copy(builder.enums)
    values = Self.copy(builder.values)
    slots = Self.copy(builder.slots)
    names = Self.copy(builder.names)
    text = Self.copy(builder.text)
  }

  func deallocate() {
    messages.deallocate()
    fields.deallocate()
    enums.deallocate()
    values.deallocate()
    slots.deallocate()
    names.deallocate()
    text.deallocate()
  }

  private static func copy<T: BitwiseCopyable>(_ array: [T]) -> UnsafeBufferPointer<T> {
    let memory = UnsafeMutableBufferPointer<T>.allocate(capacity: array.count)
    _ = memory.initialize(from: array)
    return UnsafeBufferPointer(memory)
  }

  /// The field of that number: its index within the message; -1 if there is none.
  @inline(__always)
  func field(number: UInt32, in message: MessageSchema) -> Int {
    if number < UInt32(bitPattern: message.numberCount) {
      return Int(slots[Int(message.firstNumber) &+ Int(number)])
    }
    return sparseField(number: number, in: message)
  }

  @inline(never)
  private func sparseField(number: UInt32, in message: MessageSchema) -> Int {
    var low = 0
    var high = Int(message.fieldCount)
    while low < high {
      let middle = (low + high) / 2
      let found = fields[Int(message.firstField) + middle].number
      if found == number { return middle }
      if found < number { low = middle + 1 } else { high = middle }
    }
    return -1
  }

  /// The table's entry for a name without quotes.
  func find(_ name: UnsafeBufferPointer<UInt8>, in table: NameTable) -> Int32? {
    var slot = Self.hash(name)
    // A table always has free entries, so that this ends.
    while true {
      let entry = names[Int(table.first) + Int(slot & table.mask)]
      guard entry.isUsed else { return nil }
      if Int(entry.text.count) == name.count, text[entry.text].elementsEqual(name) { return entry.value }
      slot &+= 1
    }
  }

  static func hash(_ name: UnsafeBufferPointer<UInt8>) -> UInt32 {
    var hash: UInt32 = 0x811c_9dc5
    for byte in name { hash = (hash ^ UInt32(byte)) &* 0x0100_0193 }
    return hash ^ hash >> 15
  }

  /// The enum's value of that number, if it has a name.
  func value(_ number: Int32, of type: EnumSchema) -> EnumValueSchema? {
    var low = 0
    var high = Int(type.valueCount)
    // Numbers mostly begin at zero without gaps.
    if number >= 0, Int(number) < high {
      let guess = values[Int(type.firstValue) + Int(number)]
      if guess.number == number { return guess }
    }
    while low < high {
      let middle = (low + high) / 2
      let found = values[Int(type.firstValue) + middle]
      if found.number == number { return found }
      if found.number < number { low = middle + 1 } else { high = middle }
    }
    return nil
  }

  /// The name of a field as JSON has it, for errors.
  func jsonName(of field: FieldSchema) -> String {
    String(decoding: text[field.jsonKey].dropFirst().dropLast(2), as: UTF8.self)
  }
}

extension UnsafeBufferPointer<UInt8> {
  @inline(__always)
  subscript(range: TextRange) -> UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(rebasing: self[Int(range.start)..<Int(range.start) + Int(range.count)])
  }
}
