/// The value of an `authorization` field. RFC 6750, section 2.1; RFC 9110, section 11.4.
enum BearerToken {
  /// The token behind `Bearer`, whose case does not matter, and spaces; nil if it is something else.
  static func find(in value: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
    let scheme: StaticString = "bearer"
    let count = scheme.utf8CodeUnitCount
    guard value.count > count + 1, value[count] == UInt8(ascii: " ") else { return nil }
    for index in 0..<count where value[index] | 0x20 != scheme.utf8Start[index] { return nil }
    var start = count
    while start < value.count, value[start] == UInt8(ascii: " ") { start += 1 }
    let token = UnsafeRawBufferPointer(rebasing: value[start...])
    return token.isEmpty ? nil : token
  }
}
