/// What is wrong with a load that was asked for.
package struct LoadError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What is wrong, for people.
  package let description: String

  package init(_ description: String) { self.description = description }
}
