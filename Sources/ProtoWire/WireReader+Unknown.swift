extension WireReader {
  /// Reads a field that the message does not know and keeps its bytes, or ends the current group.
  ///
  /// - Returns: true if the tag ended the group, and with it the message's fields.
  ///
  /// ```swift
  /// case let tag: if try reader.readUnknown(tag, into: &unknownFields) { return }
  /// ```
  @inline(never)
  public mutating func readUnknown(
    _ tag: UInt32, into unknownFields: inout UnknownFields
  ) throws(WireError) -> Bool {
    let start = fieldStart
    if try skipOrEndGroup(tag) { return true }
    if !discardsUnknownFields {
      unknownFields.append(UnsafeRawBufferPointer(start: start, count: cursor.position - start))
    }
    return false
  }

  /// Skips a field without keeping it, as for those inside a map entry.
  @usableFromInline
  mutating func skipOrEndGroup(_ tag: UInt32) throws(WireError) -> Bool {
    if tag & 7 == WireType.endGroup.rawValue {
      guard tag == groupEnd else { throw WireError(.unbalancedGroup) }
      groupEnd = 0
      return true
    }
    try cursor.skipValue(of: tag, depthLeft: depthLeft)
    return false
  }
}

extension WireCursor {
  /// Skips the value behind a tag; for a group, all its fields.
  mutating func skipValue(of tag: UInt32, depthLeft: Int) throws(WireError) {
    guard WireTag.fieldNumber(of: tag) != 0 else { throw WireError(.invalidTag) }
    guard let type = WireType(rawValue: tag & 7) else { throw WireError(.invalidWireType) }
    switch type {
    case .varint: _ = try varint()
    case .fixed64: try skip(8)
    case .delimited: _ = try delimited()
    case .fixed32: try skip(4)
    case .endGroup: throw WireError(.unbalancedGroup)
    case .startGroup:
      guard depthLeft > 0 else { throw WireError(.depthExceeded) }
      let end = WireTag.make(WireTag.fieldNumber(of: tag), .endGroup)
      while true {
        guard !isAtEnd else { throw WireError(.unbalancedGroup) }
        let inner = try self.tag()
        if inner == end { return }
        try skipValue(of: inner, depthLeft: depthLeft &- 1)
      }
    }
  }
}
