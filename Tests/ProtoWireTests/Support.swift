import ProtoWire
import Testing

/// Bytes from hex digits; blanks are ignored.
func bytes(_ hex: String) -> [UInt8] {
  let digits = hex.compactMap { $0.hexDigitValue }
  return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}

func hex(_ bytes: [UInt8]) -> String {
  bytes.map { byte in
    let text = String(byte, radix: 16)
    return text.count == 1 ? "0" + text : text
  }.joined()
}

/// The code of the error that decoding throws; nil if it throws none.
func failure<M: WireMessage>(
  _: M.Type, _ bytes: [UInt8], options: WireDecodingOptions = .init()
) -> WireError.Code? {
  do throws(WireError) {
    _ = try M(wireBytes: bytes, options: options)
    return nil
  } catch {
    return error.code
  }
}

/// `tag` and length before `content`.
func delimited(_ number: UInt32, _ content: [UInt8]) -> [UInt8] {
  var writer = WireWriter()
  content.withUnsafeBytes { writer.prependDelimited($0) }
  writer.prependTag(WireTag.make(number, .delimited))
  return writer.withUnsafeBytes { [UInt8]($0) }
}
