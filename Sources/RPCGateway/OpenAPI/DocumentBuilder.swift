import ProtoWire
import RPCCore

/// Makes an OpenAPI document.
struct DocumentBuilder {
  /// What a path of OpenAPI can have.
  private static let methods: Set<String> = ["GET", "PUT", "POST", "DELETE", "PATCH"]

  private let gateway: JSONGateway
  private let info: OpenAPIDocument.Info
  private let comments: ProtoComments
  private let access: ((MethodDescriptor) -> OpenAPIDocument.Access)?

  init(
    _ gateway: JSONGateway, _ info: OpenAPIDocument.Info, _ comments: ProtoComments,
    _ access: ((MethodDescriptor) -> OpenAPIDocument.Access)?
  ) {
    self.gateway = gateway
    self.info = info
    self.comments = comments
    self.access = access
  }

  func document() -> JSONValue {
    var schemas = SchemaSet(gateway.types, comments)
    let paths = paths(&schemas)
    let services = Set(gateway.bindings.map(\.descriptor.service)).sorted()
    let tags = services.map { service in
      JSONValue.object(["name": .string(Self.tag(service)), "description": comments[service].map(JSONValue.string)])
    }
    let scheme = JSONValue.object(["type": "http", "scheme": "bearer", "bearerFormat": "JWT"])
    return .object([
      "openapi": "3.1.0",
      "info": .object([
        "title": .string(info.title), "version": .string(info.version),
        "description": info.description.isEmpty ? nil : .string(info.description),
      ]),
      "servers": [.object(["url": "/"])],
      "tags": .array(tags),
      "paths": .object(paths),
      "components": .object([
        "schemas": .object(schemas.components()),
        "securitySchemes": access == nil ? nil : .object(["bearer": scheme]),
      ]),
    ])
  }

  static func tag(_ service: String) -> String { String(service.split(separator: ".").last ?? "") }

  /// Operations by path. OpenAPI takes paths that differ only in the names of their parameters for the same.
  private func paths(_ schemas: inout SchemaSet) -> [JSONValue.Member] {
    var paths: [(shape: String, names: [String], item: JSONValue.Member)] = []
    var numbers: [MethodDescriptor: Int] = [:]
    for binding in gateway.bindings where Self.methods.contains(binding.method) {
      let path = DocumentPath(binding)
      let number = numbers[binding.descriptor, default: 0] + 1
      numbers[binding.descriptor] = number
      let index = paths.firstIndex { $0.shape == path.shape } ?? paths.count
      if index == paths.count {
        paths.append((path.shape, path.names, .init(name: path.text, value: .object([JSONValue.Member]()))))
      }
      let builder = OperationBuilder(
        binding: binding, number: number, path: path, names: paths[index].names, comments: comments,
        access: access.map { $0(binding.descriptor) })
      let operation = builder.operation(&schemas)
      paths[index].item.value = paths[index].item.value.with([binding.method.lowercased(): operation])
    }
    return paths.map(\.item)
  }
}
