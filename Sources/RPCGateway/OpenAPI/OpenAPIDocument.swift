public import ProtoWire
public import RPCCore

/// An OpenAPI 3.1 document of what a ``JSONGateway`` serves, made from the descriptors.
/// https://spec.openapis.org/oas/v3.1.1
///
/// ```swift
/// let document = OpenAPIDocument(
///   gateway, info: .init(title: "Greetings", version: "1.0"), comments: [.greetings_v1_greeter])
/// configuration.routes += document.routes()
/// ```
public struct OpenAPIDocument: Sendable {
  /// What the document says about the whole service.
  public struct Info: Sendable {
    /// The name of the service.
    public var title: String
    /// Its version: "1.2.0".
    public var version: String
    /// What it is for; may be Markdown.
    public var description: String

    /// Title, version, and what it is for.
    public init(title: String, version: String, description: String = "") {
      self.title = title
      self.version = version
      self.description = description
    }
  }

  /// Who may call a method.
  public enum Access: Sendable, Hashable {
    /// Everybody, without credentials.
    case everybody
    /// Callers with a bearer token; if there are scopes, with one of them.
    case bearer(scopes: [String])
  }

  /// The document as JSON.
  public let json: [UInt8]
  /// The document as YAML.
  public let yaml: [UInt8]

  /// - Parameters:
  ///   - gateway: what is described.
  ///   - comments: what the .proto files say, by the generator with `Comments=true`.
  ///   - access: who may call a method; nil: the document says nothing about it.
  public init(
    _ gateway: JSONGateway, info: Info, comments: [ProtoComments] = [],
    access: ((MethodDescriptor) -> Access)? = nil
  ) {
    var all = ProtoComments()
    for comments in comments { all.merge(comments) }
    let document = DocumentBuilder(gateway, info, all, access).document()
    json = Array(document.json.utf8)
    yaml = Array(document.yaml.utf8)
  }
}
