/// Values of scalars and enums.
extension ResultWriter {
  /// - Returns: false if there is no such value of the type.
  @inline(__always)
  mutating func scalar(_ slot: WireScan.Slot, _ form: WireField.Form) -> Bool {
    switch form {
    case .string:
      guard slot.bytes.allSatisfy({ $0 < 0x80 }) || String(validating: slot.bytes, as: UTF8.self) != nil else {
        return false
      }
      JSONText.append(string: slot.bytes, to: &output)
    case .bool: slot.number != 0 ? output.append(ascii: "true") : output.append(ascii: "false")
    case .int32, .fixed32: number(Int64(Int32(truncatingIfNeeded: slot.number)))
    case .sint32: number(Int64(Int32(truncatingIfNeeded: Self.zigzag(slot.number))))
    case .enumeration(let values):
      guard let name = values[Int32(truncatingIfNeeded: slot.number)] else { return false }
      JSONText.append(string: name, to: &output)
    case .unsigned32, .unsignedFixed32: text(UInt64(UInt32(truncatingIfNeeded: slot.number)))
    case .int64, .fixed64: text(Int64(bitPattern: slot.number))
    case .sint64: text(Self.zigzag(slot.number))
    case .unsigned64, .unsignedFixed64: text(slot.number)
    case .float:
      let value = Float(bitPattern: UInt32(truncatingIfNeeded: slot.number))
      guard value.isFinite else { return false }
      output.append(contentsOf: "\(value)".utf8)
    case .double:
      let value = Double(bitPattern: slot.number)
      guard value.isFinite else { return false }
      output.append(contentsOf: "\(value)".utf8)
    case .bytes: base64(slot.bytes)
    case .dateTime: return DateTimeText.append(slot.bytes, to: &output)
    case .message, .json: return false
    }
    return true
  }

  private static func zigzag(_ value: UInt64) -> Int64 { Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1) }

  private mutating func number(_ value: Int64) { output.append(contentsOf: "\(value)".utf8) }

  /// Quoted: numbers of 64 bits are texts.
  private mutating func text(_ value: some BinaryInteger) {
    output.append(UInt8(ascii: "\""))
    output.append(contentsOf: "\(value)".utf8)
    output.append(UInt8(ascii: "\""))
  }

  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  /// RFC 4648, section 4.
  private mutating func base64(_ bytes: UnsafeRawBufferPointer) {
    output.append(UInt8(ascii: "\""))
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let count = min(3, bytes.count - start)
      var group: UInt32 = 0
      for index in 0..<3 { group = group << 8 | (index < count ? UInt32(bytes[start + index]) : 0) }
      for index in 0..<4 {
        output.append(
          index <= count ? Self.alphabet[Int(group >> UInt32(18 - 6 * index) & 63)] : UInt8(ascii: "="))
      }
    }
    output.append(UInt8(ascii: "\""))
  }
}
