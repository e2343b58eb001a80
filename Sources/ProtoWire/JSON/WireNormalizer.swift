/// Rewrites a message into the form that JSON needs: each singular field once, a repeated field's elements together,
/// and only the last member of a oneof.
///
/// Encoders write that form; the wire format allows others. The printer therefore checks the form first, which skips
/// nested messages without reading them, and rewrites a message only if it has another form.
/// <https://protobuf.dev/programming-guides/encoding/#last-one-wins>
struct MessageShape {
  /// Indices of the fields that occur.
  var fields = FieldSet()
  var isNormal = true

  init(
    of bytes: UnsafeBufferPointer<UInt8>, message: MessageSchema, tables: SchemaTables, depthLeft: Int
  ) throws(JSONError) {
    var cursor = WireCursor(bytes)
    var oneofs = FieldSet()
    var last = -1
    while let field = try tables.nextField(&cursor, of: message, depthLeft: depthLeft) {
      if field.index != last || !field.schema.isRepeated {
        if !fields.insert(field.index) { isNormal = false }
        if field.schema.oneof >= 0, !oneofs.insert(Int(field.schema.oneof)) { isNormal = false }
        last = field.index
      }
      try cursor.skip(field, depthLeft: depthLeft)
    }
  }
}

/// Rewrites a message that is not in that form, without its unknown fields.
struct WireNormalizer {
  private struct Occurrence {
    let field: KnownField
    let valueStart: UnsafeRawPointer
    let end: UnsafeRawPointer
  }

  private var occurrences: [Int: [Occurrence]] = [:]
  private var order: [Int] = []
  private var memberOfOneof: [Int32: Int] = [:]

  /// The result is no longer than the input, except for the lengths of merged messages.
  static func normalize(
    _ bytes: UnsafeBufferPointer<UInt8>, message: MessageSchema, tables: SchemaTables, depthLeft: Int
  ) throws(JSONError) -> [UInt8] {
    var normalizer = WireNormalizer()
    var cursor = WireCursor(bytes)
    while let field = try tables.nextField(&cursor, of: message, depthLeft: depthLeft) {
      let valueStart = cursor.position
      try cursor.skip(field, depthLeft: depthLeft)
      normalizer.note(Occurrence(field: field, valueStart: valueStart, end: cursor.position))
    }
    var output = ByteBuffer(capacity: bytes.count)
    for index in normalizer.order {
      try normalizer.write(normalizer.occurrences[index] ?? [], to: &output, depthLeft: depthLeft)
    }
    return output.array()
  }

  private mutating func note(_ occurrence: Occurrence) {
    let index = occurrence.field.index
    let oneof = occurrence.field.schema.oneof
    if oneof >= 0 {
      // Another member clears what was there, so that only later occurrences merge.
      if let other = memberOfOneof[oneof], other != index { occurrences[other] = [] }
      memberOfOneof[oneof] = index
    }
    if occurrences[index] == nil { order.append(index) }
    occurrences[index, default: []].append(occurrence)
  }

  private func write(_ all: [Occurrence], to output: inout ByteBuffer, depthLeft: Int) throws(JSONError) {
    guard let last = all.last else { return }
    let schema = last.field.schema
    guard schema.kind.isMessage, !schema.isRepeated else {
      for occurrence in schema.isRepeated ? all[...] : [last] {
        let type: WireType = occurrence.field.isPacked ? .delimited : schema.kind.wireType
        output.append(varint: UInt64(WireTag.make(schema.number, type)))
        output.append(Self.bytes(occurrence.valueStart, occurrence.end))
      }
      return
    }
    // Writing messages one behind the other merges them.
    output.append(varint: UInt64(schema.tag))
    let mark = schema.kind == .group ? nil : output.beginLength()
    for occurrence in all {
      var cursor = WireCursor(position: occurrence.valueStart, end: occurrence.end)
      output.append(try cursor.jsonMessage(schema, depthLeft: depthLeft))
    }
    if let mark {
      output.endLength(mark)
    } else {
      output.append(varint: UInt64(WireTag.make(schema.number, .endGroup)))
    }
  }

  private static func bytes(_ start: UnsafeRawPointer, _ end: UnsafeRawPointer) -> UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(start: start.assumingMemoryBound(to: UInt8.self), count: end - start)
  }
}

extension WireCursor {
  /// Skips the value of a field whose tag was just read.
  @inline(__always)
  mutating func skip(_ field: KnownField, depthLeft: Int) throws(JSONError) {
    try jsonSkip(
      field.isPacked ? WireTag.make(field.schema.number, .delimited) : field.schema.tag, depthLeft: depthLeft)
  }
}
