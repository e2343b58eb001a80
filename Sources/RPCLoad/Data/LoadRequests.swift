internal import Primitives
internal import ProtoWire
package import RPCCore
package import RPCDynamic

/// What the calls of a load send: messages that are encoded once, or templates that each call fills in.
package struct LoadRequests: Sendable {
  private enum Source {
    case fixed(DynamicMessage)
    case template(LoadTemplate)
  }

  package let method: DynamicMethod
  private let sources: [Source]
  private let metadata: [(name: String, value: LoadTemplate)]
  /// The metadata, where all calls send the same.
  private let fixedMetadata: Metadata?

  /// - Parameters:
  ///   - data: ProtoJSON of messages, in an array or one after the other: unary calls send them in turn, and calls with
  ///     a stream of requests send all of them.
  ///   - metadata: names and values of header fields, which may be templates.
  /// - Throws: `LoadError` that says what is wrong with them.
  package init(
    _ method: DynamicMethod, data: String, metadata: [(name: String, value: String)]
  ) throws(LoadError) {
    self.method = method
    let elements = try Self.elements(data)
    guard !elements.isEmpty || !method.descriptor.kind.hasSingleRequest else {
      throw LoadError("the data has no message; \(method.descriptor.name) takes one")
    }
    let sample = TemplateValues(requestNumber: 0, worker: 0, method: method.descriptor.description)
    var random = SystemRandomNumberGenerator()
    var sources: [Source] = []
    for element in elements {
      let template = try LoadTemplate(element)
      let message = try Self.message(template.text(sample, using: &random), of: method)
      sources.append(template.isFixed ? .fixed(message) : .template(template))
    }
    self.sources = sources
    var templates: [(name: String, value: LoadTemplate)] = []
    for (name, value) in metadata { templates.append((name, try LoadTemplate(value))) }
    self.metadata = templates
    let values = try Self.metadata(templates, sample, using: &random)
    fixedMetadata = templates.allSatisfy(\.value.isFixed) ? values : nil
  }

  /// How many messages the data has.
  package var count: Int { sources.count }

  /// The message that is sent in turn `index`.
  /// - Throws: `LoadError` if a template gave no message.
  func message(
    _ index: Int, _ values: TemplateValues, using random: inout some RandomNumberGenerator
  ) throws(LoadError) -> DynamicMessage {
    switch sources[index % sources.count] {
    case .fixed(let message): message
    case .template(let template): try Self.message(template.text(values, using: &random), of: method)
    }
  }

  /// The metadata of a call.
  /// - Throws: `LoadError` if a template gave what can't be sent.
  package func metadata(
    _ values: TemplateValues, using random: inout some RandomNumberGenerator
  ) throws(LoadError) -> Metadata {
    if let fixedMetadata { return fixedMetadata }
    return try Self.metadata(metadata, values, using: &random)
  }

  private static func elements(_ data: String) throws(LoadError) -> [String] {
    do throws(DynamicError) {
      return try JSONMessages.split(data)
    } catch {
      throw LoadError("\(error)")
    }
  }

  private static func message(_ json: String, of method: DynamicMethod) throws(LoadError) -> DynamicMessage {
    do throws(JSONError) {
      return try method.request(json: Array(json.utf8))
    } catch {
      throw LoadError("the data is no \(method.requestType): \(error)")
    }
  }

  private static func metadata(
    _ templates: [(name: String, value: LoadTemplate)], _ values: TemplateValues,
    using random: inout some RandomNumberGenerator
  ) throws(LoadError) -> Metadata {
    var metadata = Metadata()
    for (name, value) in templates {
      let text = value.text(values, using: &random)
      let isAdded =
        name.lowercased().hasSuffix("-bin")
        ? Array(text.utf8).withUnsafeBytes(Base64.decode).map { metadata.add(name, bytes: $0) } ?? false
        : metadata.add(name, text)
      guard isAdded else { throw LoadError("the metadata '\(name)' can't be sent") }
    }
    return metadata
  }
}
