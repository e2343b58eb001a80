extension WireWriter {
  /// A field, whatever its value.
  ///
  /// ```swift
  /// writer.prepend(3, as: WireInt32.self, tag: WireTag.make(1, .varint))  // 08 03
  /// ```
  @inlinable @inline(__always)
  public mutating func prepend<C: WireScalar>(_ value: C.Value, as _: C.Type, tag: UInt32) {
    C.prepend(value, tag: tag, to: &self)
  }

  /// A field that is left out when it is nil.
  ///
  /// ```swift
  /// writer.prepend(ifPresent: name, as: WireString.self, tag: WireTag.make(1, .delimited))
  /// ```
  @inlinable @inline(__always)
  public mutating func prepend<C: WireScalar>(ifPresent value: C.Value?, as _: C.Type, tag: UInt32) {
    if let value {
      C.prepend(value, tag: tag, to: &self)
    }
  }

  /// A field that is left out when it has its type's default: that of proto3 without `optional`.
  ///
  /// ```swift
  /// writer.prepend(ifNotDefault: area, as: WireInt64.self, tag: WireTag.make(15, .varint))
  /// ```
  @inlinable @inline(__always)
  public mutating func prepend<C: WireScalar>(ifNotDefault value: C.Value, as _: C.Type, tag: UInt32) {
    if !C.isDefault(value) {
      C.prepend(value, tag: tag, to: &self)
    }
  }

  /// A message field.
  ///
  /// ```swift
  /// writer.prepend(message: point, tag: WireTag.make(16, .delimited))
  /// ```
  @inlinable
  public mutating func prepend<M: WireMessage>(message: borrowing M, tag: UInt32) {
    let before = count
    message.encodeFields(into: &self)
    prependLength(since: before, tag: tag)
  }

  /// A message field that is left out when it is nil.
  ///
  /// ```swift
  /// writer.prepend(message: outline, tag: WireTag.make(5, .delimited))
  /// ```
  @inlinable
  public mutating func prepend<M: WireMessage>(message: borrowing M?, tag: UInt32) {
    if let message = copy message {
      prepend(message: message, tag: tag)
    }
  }

  /// A group field.
  ///
  /// ```swift
  /// writer.prepend(group: point, number: 17)
  /// ```
  @inlinable
  public mutating func prepend<M: WireMessage>(group message: borrowing M, number: UInt32) {
    prependTag(WireTag.make(number, .endGroup))
    message.encodeFields(into: &self)
    prependTag(WireTag.make(number, .startGroup))
  }

  /// A group field that is left out when it is nil.
  ///
  /// ```swift
  /// writer.prepend(group: origin, number: 7)
  /// ```
  @inlinable
  public mutating func prepend<M: WireMessage>(group message: borrowing M?, number: UInt32) {
    if let message = copy message {
      prepend(group: message, number: number)
    }
  }
}
