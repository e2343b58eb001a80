internal import CNGHTTP2

/// Which bytes names and values of fields are made of. RFC 9110, section 5; RFC 9113, section 8.2.1.
package enum FieldSyntax {
  /// `tchar` of RFC 9110, section 5.6.2, without upper-case letters: a bit for each byte below 64, and for each from 64
  /// to 127.
  private static let nameBytes: (UInt64, UInt64) = (0x03ff_6cfa_0000_0000, 0x57ff_ffff_c000_0000)
  private static let upperCase: UInt64 = 0x07ff_fffe

  /// Whether it is the name of a field: a token without upper-case letters.
  @inline(__always)
  package static func isName(_ bytes: UnsafeRawBufferPointer) -> Bool {
    allWords(of: bytes, areLettersAndHyphens) || isToken(bytes, nameBytes.1)
  }

  /// Whether it is a token in either case, such as a method.
  static func isToken(_ bytes: UnsafeRawBufferPointer) -> Bool { isToken(bytes, nameBytes.1 | upperCase) }

  /// Whether it is a value: no control characters but tabs, no space or tab at its ends. Bytes from 128 on may be
  /// anything.
  @inline(__always)
  package static func isValue(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let first = bytes.first, let last = bytes.last else { return true }
    if isBlank(first) || isBlank(last) { return false }
    return allWords(of: bytes, areWithoutControls) || isPrintable(bytes)
  }

  // MARK: Eight bytes at a time, for what nearly all fields are made of

  private static let ones: UInt64 = 0x0101_0101_0101_0101
  private static let highBits: UInt64 = 0x8080_8080_8080_8080

  /// Whether `are` holds for all bytes, taken eight at a time; the last eight may overlap those before. False for fewer
  /// than eight.
  @inline(__always)
  private static func allWords(of bytes: UnsafeRawBufferPointer, _ matches: (UInt64) -> Bool) -> Bool {
    let last = bytes.count - 8
    guard last >= 0 else { return false }
    var offset = 0
    while offset < last {
      guard matches(bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) else { return false }
      offset += 8
    }
    return matches(bytes.loadUnaligned(fromByteOffset: last, as: UInt64.self))
  }

  /// Whether all are a to z or a hyphen; none is from 128 on.
  @inline(__always)
  private static func areLettersAndHyphens(_ word: UInt64) -> Bool {
    let letters = (word &+ ones &* (0x80 - 0x61)) & ~(word &+ ones &* (0x7f - 0x7a))
    let others = word ^ (ones &* 0x2d)
    let hyphens = ~((others & ~highBits) &+ (~highBits) | others)
    return word & highBits == 0 && (letters | hyphens) & highBits == highBits
  }

  /// Whether no byte is below 32 or equal to 127. It may be false for other bytes too.
  @inline(__always)
  private static func areWithoutControls(_ word: UInt64) -> Bool {
    let deleted = word ^ (ones &* 0x7f)
    return ((word &- ones &* 0x20) & ~word | (deleted &- ones) & ~deleted) & highBits == 0
  }

  /// Whether all are letters, digits or one of `-./`; none is from 128 on.
  @inline(__always)
  private static func areOfSimplePath(_ word: UInt64) -> Bool {
    let lower = word | ones &* 0x20
    let letters = (lower &+ ones &* (0x80 - 0x61)) & ~(lower &+ ones &* (0x7f - 0x7a))
    let others = (word &+ ones &* (0x80 - 0x2d)) & ~(word &+ ones &* (0x7f - 0x39))
    return word & highBits == 0 && (letters | others) & highBits == highBits
  }

  // MARK: Byte by byte

  private static func isToken(_ bytes: UnsafeRawBufferPointer, _ upper: UInt64) -> Bool {
    guard !bytes.isEmpty else { return false }
    for byte in bytes {
      let set = byte < 64 ? nameBytes.0 : byte < 128 ? upper : 0
      guard (set &>> UInt64(byte & 63)) & 1 != 0 else { return false }
    }
    return true
  }

  private static func isPrintable(_ bytes: UnsafeRawBufferPointer) -> Bool {
    for byte in bytes where byte < 0x20 && byte != 0x09 || byte == 0x7f { return false }
    return true
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

  // MARK: Particular values

  /// Whether it may be a `:path`, if it begins well.
  static func isPath(_ bytes: UnsafeRawBufferPointer) -> Bool {
    allWords(of: bytes, areOfSimplePath)
      || nghttp2_check_path(bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count) != 0
  }

  /// Whether it is the scheme of a URI. RFC 3986, section 3.1.
  static func isScheme(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let first = bytes.first, isLetter(first) else { return false }
    return bytes.allSatisfy { isLetter($0) || (0x30...0x39).contains($0) || [0x2b, 0x2d, 0x2e].contains($0) }
  }

  private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7a).contains(byte | 0x20) }

  /// The number of a field such as `content-length`: digits only. Nil if it is none, or larger than an Int.
  static func number(_ bytes: UnsafeRawBufferPointer) -> Int? {
    guard !bytes.isEmpty else { return nil }
    var number = 0
    for byte in bytes {
      guard (0x30...0x39).contains(byte) else { return nil }
      let (tens, isOver) = number.multipliedReportingOverflow(by: 10)
      let (sum, isFull) = tens.addingReportingOverflow(Int(byte & 15))
      guard !isOver, !isFull else { return nil }
      number = sum
    }
    return number
  }
}
