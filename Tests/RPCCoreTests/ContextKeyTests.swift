import RPCCore
import Testing

@Suite struct ContextKeyTests {
  private enum Name: ContextKey { typealias Value = String }
  private enum Number: ContextKey { typealias Value = Int }
  /// Of the same values as `Name`.
  private enum Other: ContextKey { typealias Value = String }
  private enum Maybe: ContextKey { typealias Value = Int? }

  private let context = ServerContext(method: MethodDescriptor(service: "a.v1.B", name: "C", kind: .unary))

  @Test func aKeyHasItsOwnPlace() {
    #expect(context[Name.self] == nil)
    context[Name.self] = "ada"
    context[Number.self] = 1
    #expect(context[Name.self] == "ada" && context[Number.self] == 1 && context[Other.self] == nil)
    context[Other.self] = "grace"
    #expect(context[Name.self] == "ada" && context[Other.self] == "grace")
  }

  @Test func theLastValueStays() {
    context[Name.self] = "ada"
    context[Name.self] = "grace"
    #expect(context[Name.self] == "grace")
    context[Name.self] = nil
    #expect(context[Name.self] == nil)
    context[Maybe.self] = .some(nil)
    #expect(context[Maybe.self] == .some(nil))
  }

  /// A copy of the context is of the same call.
  @Test func copiesShareThePlaces() async {
    let copy = context
    await Task { copy[Number.self] = 2 }.value
    #expect(context[Number.self] == 2)
  }
}
