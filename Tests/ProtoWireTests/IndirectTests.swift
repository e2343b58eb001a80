import Testing

@testable import ProtoWire

@Suite struct IndirectTests {
  @Test func memoryThatNobodySharesIsUsedAgain() {
    var outline = Indirect<Shape>(wrappedValue: Shape())
    let memory = outline.box.map { ObjectIdentifier($0) }
    outline.wrappedValue = Shape()
    outline.wrappedValue?.name = "again"
    #expect(outline.box.map { ObjectIdentifier($0) } == memory)
    #expect(outline.wrappedValue?.name == "again")
  }

  @Test func aCopyKeepsItsValue() {
    var outline = Indirect<Shape>(wrappedValue: Shape())
    let copy = outline
    outline.wrappedValue?.name = "changed"
    #expect(copy.wrappedValue?.name == nil && outline.wrappedValue?.name == "changed")
    outline.wrappedValue = nil
    #expect(copy.wrappedValue != nil && outline.wrappedValue == nil)
  }
}
