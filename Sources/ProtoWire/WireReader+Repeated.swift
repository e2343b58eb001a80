extension WireReader {
  /// One value, without its tag.
  ///
  /// ```swift
  /// name = try reader.read(WireString.self)
  /// ```
  @inlinable @inline(__always)
  public mutating func read<C: WireScalar>(_: C.Type) throws(WireError) -> C.Value {
    try C.read(from: &self)
  }

  /// One element of a repeated scalar field that is not packed.
  ///
  /// ```swift
  /// try reader.read(WireString.self, appendingTo: &tags)
  /// ```
  @inlinable
  public mutating func read<C: WireScalar>(_: C.Type, appendingTo values: inout [C.Value]) throws(WireError) {
    let value = try C.read(from: &self)
    if values.isEmpty, C.wireType == .delimited { values.reserveCapacity(runLength()) }
    values.append(value)
  }

  /// How many elements the delimited field that was just read seems to have: this one, and those that follow at once.
  /// They need not be valid. At most 1,024, so that no input is read twice by more than that.
  @usableFromInline @inline(never)
  func runLength() -> Int {
    var tag = WireCursor(position: fieldStart, end: cursor.end)
    guard let expected = try? tag.varint() else { return 1 }
    var ahead = cursor
    var length = 1
    while length < 1024, !ahead.isAtEnd {
      guard (try? ahead.varint()) == expected, let size = try? ahead.length(), (try? ahead.skip(size)) != nil else {
        break
      }
      length &+= 1
    }
    return length
  }

  // MARK: Packed
  // https://protobuf.dev/programming-guides/encoding/#packed

  /// Many varints behind one tag and a length.
  ///
  /// ```swift
  /// try reader.readPacked(WireSInt32.self, into: &corners)
  /// ```
  @inlinable
  public mutating func readPacked<C: WireVarintScalar>(
    _: C.Type, into values: inout [C.Value]
  ) throws(WireError) {
    let length = try cursor.length()
    var packed = WireCursor(position: cursor.position, end: cursor.position + length)
    // Each varint takes one of the bytes that end one, so that there is room for all.
    try values.append(addingCapacity: packed.varintCount) { (values: inout OutputSpan<C.Value>) throws(WireError) in
      if packed.hasBlock {
        var block = WireCursor.Block(repeating: 0)
        repeat {
          for index in 0..<(try packed.varints(into: &block)) { values.append(C.value(of: block[index])) }
        } while packed.hasBlock
      }
      while !packed.isAtEnd { values.append(C.value(of: try packed.packedVarint())) }
    }
    cursor.position = packed.end
  }

  /// Many values of fixed width behind one tag and a length.
  ///
  /// ```swift
  /// try reader.readPacked(WireDouble.self, into: &weights)
  /// ```
  @inlinable
  public mutating func readPacked<C: WireFixedScalar>(
    _: C.Type, into values: inout [C.Value]
  ) throws(WireError) {
    let bytes = UnsafeRawBufferPointer(try cursor.delimited())
    let width = MemoryLayout<C.Bits>.size
    guard bytes.count % width == 0 else { throw WireError(.truncated) }
    guard bytes.count > 0 else { return }
    #if _endian(little)
      values.appendBits(of: bytes)
    #else
      values.reserveForAppending(bytes.count / width)
      for offset in stride(from: 0, to: bytes.count, by: width) {
        let bits = bytes.loadUnaligned(fromByteOffset: offset, as: C.Bits.self)
        values.append(C.value(of: C.Bits(littleEndian: bits)))
      }
    #endif
  }

  // MARK: Maps
  // https://protobuf.dev/programming-guides/encoding/#maps

  /// One entry of a map: a message with the key as field 1 and the value as field 2. The last entry of a key wins.
  ///
  /// ```swift
  /// try reader.readMapEntry(into: &sizes, key: WireString.self, value: WireInt32.self)
  /// ```
  @inlinable
  public mutating func readMapEntry<K: WireMapKey, V: WireCodec>(
    into map: inout [K.Value: V.Value], key: K.Type, value: V.Type
  ) throws(WireError) {
    var entryKey = K.defaultValue
    var entryValue = V.defaultValue
    try readEntry(K.self, V.self, &entryKey, &entryValue)
    if map.isEmpty { map = Dictionary(minimumCapacity: runLength()) }
    map[entryKey] = entryValue
  }

  /// One entry of a map to a closed enum. An entry with a number that has no name is kept in `unknownFields`, whole.
  ///
  /// ```swift
  /// try reader.readMapEntry(into: &kinds, key: WireInt32.self, unknownFields: &unknownFields)
  /// ```
  @inlinable
  public mutating func readMapEntry<K: WireMapKey, E: WireClosedEnum>(
    into map: inout [K.Value: E], key: K.Type, unknownFields: inout UnknownFields
  ) throws(WireError) {
    let start = fieldStart
    var entryKey = K.defaultValue
    var number = E().rawValue
    try readEntry(K.self, WireInt32.self, &entryKey, &number)
    if let value = E(rawValue: number) {
      map[entryKey] = value
    } else if !discardsUnknownFields {
      unknownFields.append(UnsafeRawBufferPointer(start: start, count: cursor.position - start))
    }
  }

  @inlinable
  mutating func readEntry<K: WireMapKey, V: WireCodec>(
    _: K.Type, _: V.Type, _ key: inout K.Value, _ value: inout V.Value
  ) throws(WireError) {
    let length = try cursor.length()
    let outerEnd = cursor.end
    let outerGroup = groupEnd
    let outerField = fieldStart
    // An entry is a message, and counts as a level.
    guard depthLeft > 0 else { throw WireError(.depthExceeded) }
    depthLeft &-= 1
    cursor.end = cursor.position + length
    groupEnd = 0
    do {
      while true {
        let tag = try nextTag()
        if tag == WireTag.make(1, K.wireType) {
          key = try K.read(from: &self)
        } else if tag == WireTag.make(2, V.wireType) {
          try V.read(from: &self, into: &value)
        } else if tag == 0 {
          break
        } else {
          _ = try skipOrEndGroup(tag)
        }
      }
    } catch {
      // Errors name the map field, not the fields of its entry.
      fieldStart = outerField
      cursor.end = outerEnd
      throw error
    }
    depthLeft &+= 1
    cursor.end = outerEnd
    groupEnd = outerGroup
    fieldStart = outerField
  }
}

extension Array {
  /// Makes room for exactly so many more elements, but at least doubles what is there, so that many short packed runs
  /// of one field don't copy the array each.
  @inlinable
  mutating func reserveForAppending(_ more: Int) {
    let needed = count + more
    if needed > capacity { reserveCapacity(isEmpty ? needed : Swift.max(needed, count * 2)) }
  }
}

extension Array where Element: BitwiseCopyable {
  /// Appends the elements whose memory `bytes` is a copy of; a whole number of them, at any alignment.
  @inlinable
  mutating func appendBits(of bytes: UnsafeRawBufferPointer) {
    let more = bytes.count / MemoryLayout<Element>.stride
    guard let source = bytes.baseAddress else { return }
    if isEmpty {
      self = [Element](unsafeUninitializedCapacity: more) { target, initialized in
        if let target = target.baseAddress {
          UnsafeMutableRawPointer(target).copyMemory(
            from: source, byteCount: more * MemoryLayout<Element>.stride)
          initialized = more
        }
      }
    } else {
      reserveForAppending(more)
      for offset in stride(from: 0, to: bytes.count, by: MemoryLayout<Element>.stride) {
        append(bytes.loadUnaligned(fromByteOffset: offset, as: Element.self))
      }
    }
  }
}
