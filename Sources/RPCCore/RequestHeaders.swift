/// A request's header fields, which are decoded on demand.
package protocol RequestHeaders: Sendable {
  func metadata() -> Metadata
  func forEachValue(of name: StaticString, _ body: (UnsafeRawBufferPointer) -> Void)
}

extension Metadata: RequestHeaders {
  package func metadata() -> Metadata { self }

  package func forEachValue(of name: StaticString, _ body: (UnsafeRawBufferPointer) -> Void) {
    let name = name.description
    for entry in self where entry.name == name { Self.wireValue(entry.value).withUnsafeBytes(body) }
  }
}
