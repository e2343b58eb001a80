/// Why a server could not be made.
public enum ServerError: Error, Sendable, Hashable, CustomStringConvertible {
  /// Two services have this name.
  case duplicateService(String)

  /// One line for people, with the name of the service.
  public var description: String {
    switch self {
    case .duplicateService(let name): "two services have the name \(name)"
    }
  }
}
