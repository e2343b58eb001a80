import Primitives
import Testing

@Suite struct ByteBufferTests {
  /// Against a model: appended and taken in odd portions, bytes stay in order, whatever the buffer does inside.
  @Test func byteBufferKeepsItsBytesInOrder() {
    var random = SystemRandomNumberGenerator()
    var buffer = ByteBuffer()
    var model: [UInt8] = []
    var next: UInt8 = 0
    for _ in 0..<2000 {
      let piece = (0..<Int.random(in: 0...300, using: &random)).map { _ -> UInt8 in
        next &+= 1; return next
      }
      piece.withUnsafeBytes { buffer.append($0) }
      model += piece
      var target = [UInt8](repeating: 0, count: Int.random(in: 0...400, using: &random))
      let moved = target.withUnsafeMutableBytes { buffer.move(into: $0) }
      #expect(moved == min(target.count, model.count))
      #expect(Array(target[..<moved]) == Array(model[..<moved]))
      model.removeFirst(moved)
      let count = buffer.count
      #expect(count == model.count)
    }
    buffer.dropFirst(.max)
    let isEmpty = buffer.isEmpty
    #expect(isEmpty)
  }
}
