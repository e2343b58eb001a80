/// Steps through a JSON text. <https://www.rfc-editor.org/rfc/rfc8259>
///
/// The argument for its pointers' safety: `start <= position <= end` always holds, all three point into (or just
/// behind) one text that outlives the reader, and a byte is only read behind a comparison of `position` with `end`.
struct JSONReader {
  let start: UnsafePointer<UInt8>
  let end: UnsafePointer<UInt8>
  var position: UnsafePointer<UInt8>

  init(_ text: UnsafeBufferPointer<UInt8>) {
    // Empty buffers may have no address; nothing is read at `end`.
    start = text.baseAddress ?? UnsafePointer(bitPattern: 1).unsafelyUnwrapped
    end = start + text.count
    position = start
  }

  /// The byte at the position. At the end it is NUL, with which no JSON token begins.
  @inline(__always)
  var next: UInt8 { position < end ? position.pointee : 0 }

  @inline(__always)
  mutating func skipSpace() {
    while position < end {
      switch position.pointee {
      case 0x20, 0x0a, 0x0d, 0x09: position += 1
      default: return
      }
    }
  }

  /// Skips white space, and then this byte if it is the next one. Returns whether it was.
  @inline(__always)
  mutating func take(_ byte: UInt8) -> Bool {
    skipSpace()
    guard next == byte, position < end else { return false }
    position += 1
    return true
  }

  @inline(__always)
  mutating func expect(_ byte: UInt8) throws(JSONError) {
    guard take(byte) else { throw unexpected("'\(Character(Unicode.Scalar(byte)))' is expected") }
  }

  /// Skips these bytes if they are the next ones. Returns whether they were.
  @inline(__always)
  mutating func take(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    guard end - position >= bytes.count else { return false }
    for index in 0..<bytes.count where position[index] != bytes[index] { return false }
    position += bytes.count
    return true
  }

  /// Whether another member or element follows. If none does, skips the closing bracket.
  @inline(__always)
  mutating func more(_ isFirst: inout Bool, until bracket: UInt8) throws(JSONError) -> Bool {
    if take(bracket) { return false }
    if !isFirst { try expect(UInt8(ascii: ",")) }
    isFirst = false
    skipSpace()
    return true
  }

  /// `true`, `false` or `null`.
  mutating func literal(_ text: StaticString) throws(JSONError) {
    let isThere = text.withUTF8Buffer { take($0) }
    guard isThere, !next.isWordByte else { throw unexpected("\(text) is expected") }
  }

  // MARK: Numbers

  /// The text of a number.
  mutating func number() throws(JSONError) -> UnsafeBufferPointer<UInt8> {
    let first = position
    if next == UInt8(ascii: "-") { position += 1 }
    if next == UInt8(ascii: "0") {
      position += 1
    } else {
      try digits()
    }
    if next == UInt8(ascii: ".") {
      position += 1
      try digits()
    }
    if next | 0x20 == UInt8(ascii: "e") {
      position += 1
      if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { position += 1 }
      try digits()
    }
    guard !next.isWordByte else { throw unexpected("the number is malformed") }
    return UnsafeBufferPointer(start: first, count: position - first)
  }

  @inline(__always)
  private mutating func digits() throws(JSONError) {
    let first = position
    while position < end, position.pointee.isDigit { position += 1 }
    guard position > first else { throw unexpected("a digit is expected") }
  }

  // MARK: Skipping

  /// Skips any value.
  mutating func skipValue(depthLeft: Int) throws(JSONError) {
    skipSpace()
    switch next {
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      guard depthLeft > 0 else { throw error(.limit, "values are nested too deep") }
      let isObject = next == UInt8(ascii: "{")
      position += 1
      var isFirst = true
      while try more(&isFirst, until: isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
        if isObject {
          _ = try string()
          try expect(UInt8(ascii: ":"))
        }
        try skipValue(depthLeft: depthLeft &- 1)
      }
    case UInt8(ascii: "\""): _ = try string()
    case UInt8(ascii: "t"): try literal("true")
    case UInt8(ascii: "f"): try literal("false")
    case UInt8(ascii: "n"): try literal("null")
    default: _ = try number()
    }
  }

  // MARK: Errors

  /// An error at the position.
  func error(_ code: JSONError.Code, _ message: String) -> JSONError {
    error(code, message, at: position)
  }

  @inline(never)
  func error(_ code: JSONError.Code, _ message: String, at place: UnsafePointer<UInt8>) -> JSONError {
    var error = JSONError(code, message)
    error.line = 1
    var lineStart = start
    var byte = start
    while byte < place {
      if byte.pointee == 0x0a {
        error.line += 1
        lineStart = byte + 1
      }
      byte += 1
    }
    error.column = place - lineStart + 1
    return error
  }

  @inline(never)
  func unexpected(_ message: String) -> JSONError {
    error(.syntax, position < end ? message : "the text ends where it should go on")
  }
}

extension UInt8 {
  @inline(__always)
  var isDigit: Bool { self &- UInt8(ascii: "0") < 10 }

  /// Whether a byte must not follow a literal or a number directly.
  @inline(__always)
  var isWordByte: Bool {
    isDigit || (self | 0x20) &- UInt8(ascii: "a") < 26 || self == UInt8(ascii: ".") || self == UInt8(ascii: "-")
      || self == UInt8(ascii: "+") || self == UInt8(ascii: "_")
  }
}
