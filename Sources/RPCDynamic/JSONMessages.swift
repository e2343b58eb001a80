/// Splits text into the texts of its messages: the elements of a JSON array, or JSON objects one after the other, as
/// grpcurl takes them. It does not read them: what is wrong inside one is found when it becomes a message. Templates in
/// them may stand in double braces, since these are balanced too.
package enum JSONMessages {
  /// - Returns: none for an empty array and for white space.
  /// - Throws: `DynamicError` if the text ends inside a message, or something stands behind the array.
  package static func split(_ text: String) throws(DynamicError) -> [String] {
    let bytes = Array(text.utf8)
    guard let start = bytes.firstIndex(where: { !isSpace($0) }) else { return [] }
    guard bytes[start] == UInt8(ascii: "[") else { return try sequence(bytes) }
    guard let end = end(of: bytes, from: start), bytes[end - 1] == UInt8(ascii: "]") else {
      throw DynamicError("the array of the data does not end")
    }
    guard bytes[end...].allSatisfy(isSpace) else { throw DynamicError("the data goes on behind its array") }
    return try elements(bytes, (start + 1)..<(end - 1))
  }

  private static func elements(_ bytes: [UInt8], _ range: Range<Int>) throws(DynamicError) -> [String] {
    if bytes[range].allSatisfy(isSpace) { return [] }
    var elements: [String] = []
    var first = range.lowerBound
    var index = first
    while true {
      let isEnd = index >= range.upperBound
      if isEnd || bytes[index] == UInt8(ascii: ",") {
        let element = bytes[first..<min(index, range.upperBound)]
        guard !element.allSatisfy(isSpace) else { throw DynamicError("an element of the data's array is empty") }
        elements.append(String(decoding: element, as: UTF8.self))
        if isEnd { return elements }
        index += 1
        first = index
      } else {
        // An object or a text is skipped as a whole.
        index = end(of: bytes, from: index) ?? index + 1
      }
    }
  }

  private static func sequence(_ bytes: [UInt8]) throws(DynamicError) -> [String] {
    var messages: [String] = []
    var index = 0
    while let start = bytes[index...].firstIndex(where: { !isSpace($0) }) {
      // What is no object is one message: its parser knows best what is wrong.
      guard bytes[start] == UInt8(ascii: "{") else {
        return messages + [String(decoding: bytes[start...], as: UTF8.self)]
      }
      guard let end = end(of: bytes, from: start) else { throw DynamicError("an object of the data does not end") }
      messages.append(String(decoding: bytes[start..<end], as: UTF8.self))
      index = end
    }
    return messages
  }

  /// Where the object, array or text ends that begins at `start`; nil if none begins there, or it does not end.
  private static func end(of bytes: [UInt8], from start: Int) -> Int? {
    var depth = 0
    var isText = false
    var index = start
    while index < bytes.count {
      defer { index += 1 }
      if isText {
        if bytes[index] == UInt8(ascii: "\\") {
          index += 1
        } else if bytes[index] == UInt8(ascii: "\"") {
          isText = false
        }
      } else {
        switch bytes[index] {
        case UInt8(ascii: "\""): isText = true
        case UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
        case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
        default: break
        }
      }
      if depth == 0, !isText { return index == start ? nil : index + 1 }
    }
    return nil
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }
}
