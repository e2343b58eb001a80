import ProtoWire
import RPCCore

/// Messages as objects.
extension ResultWriter {
  mutating func message(_ bytes: UnsafeRawBufferPointer, _ plan: PlanObject) -> Bool {
    withUnsafeTemporaryAllocation(of: WireScan.Slot.self, capacity: max(plan.numbers.count, 1)) { slots in
      // Slots are trivial, so that they need no end.
      slots.initialize(repeating: WireScan.Slot())
      var scan = WireScan(bytes)
      while scan.next() {
        for index in 0..<plan.numbers.count where plan.numbers[index] == scan.field { slots[index] = scan.slot }
      }
      return object(plan) { writer, field, index in
        guard case .wire(let wire) = field.field.source, plan.slots[index] >= 0 else {
          return writer.fail(field, "the field has no value")
        }
        return writer.value(slots[plan.slots[index]], wire, field, in: bytes)
      }
    }
  }

  /// A field of a message that is read for it alone.
  mutating func value(_ wire: WireField, _ field: PlanField, in message: UnsafeRawBufferPointer) -> Bool {
    value(WireScan.last(wire.number, in: message), wire, field, in: message)
  }

  private mutating func value(
    _ slot: WireScan.Slot, _ wire: WireField, _ field: PlanField, in message: UnsafeRawBufferPointer
  ) -> Bool {
    if case .json = wire.form { return json(wire, field, isPresent: slot.isPresent, in: message) }
    if wire.isRepeated {
      let elements = slot.isPresent ? WireScan.elements(wire, in: message) : []
      let isWritten = list(field, count: elements.count, field.field.type) { writer, index in
        writer.element(elements[index], wire, field)
      }
      return nullable(field, isWritten)
    }
    guard slot.isPresent || !wire.hasPresence else {
      guard !field.field.type.isNonNull else { return fail(field, "the service left the field out") }
      return null(field)
    }
    if case .message = wire.form {
      guard let plan = field.objects.first else { return fail(field, "the field has no value") }
      return inside(field) { $0.message(slot.bytes, plan) }
    }
    guard scalar(slot, wire.form) else { return fail(field, "the service sent a value that the field's type has not") }
    return true
  }

  private mutating func element(_ slot: WireScan.Slot, _ wire: WireField, _ field: PlanField) -> Bool {
    if case .message = wire.form {
      guard let plan = field.objects.first else { return false }
      return message(slot.bytes, plan)
    }
    if scalar(slot, wire.form) { return true }
    report(
      GraphQLError(
        .internal, "the service sent a value that the field's type has not", offset: field.offset, path: path))
    return false
  }

  /// What has no form of its own here, by ProtoJSON.
  private mutating func json(
    _ wire: WireField, _ field: PlanField, isPresent: Bool, in message: UnsafeRawBufferPointer
  ) -> Bool {
    guard isPresent else {
      if wire.hasPresence, field.field.type.isNonNull { return fail(field, "the service left the field out") }
      output.append(ascii: wire.emptyJSON)
      return true
    }
    var fields: [UInt8] = []
    var scan = WireScan(message)
    while scan.next() { if scan.field == wire.number { fields.append(contentsOf: scan.slot.whole) } }
    do throws(JSONError) {
      let object = try transcoder.json(fromWire: fields, messageName: wire.message)
      // {"name":value}
      let start = JSONText.string(wire.jsonName).count + 2
      if object.count > start + 1 {
        output.append(contentsOf: object[start..<(object.count - 1)])
      } else {
        output.append(ascii: wire.emptyJSON)
      }
      return true
    } catch {
      return fail(field, "the service sent a value that has no JSON")
    }
  }
}
