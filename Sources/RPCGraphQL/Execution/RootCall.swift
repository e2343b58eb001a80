import ProtoWire
import RPCCore
import RPCServer

/// A call that a root field makes: its method, and the encoded request.
struct RootCall: Sendable {
  let binding: MethodBinding
  let request: [UInt8]
  /// Of an entity: the name of its type.
  var typeName: String?

  /// - Returns: why the arguments are no request, by their names.
  static func make(
    _ binding: MethodBinding, _ arguments: [InputValue.Member], _ transcoder: JSONTranscoder
  ) -> Result<RootCall, InputCoercion.Failure> {
    var arguments = arguments
    if let connection = binding.connection {
      guard let paged = Page.arguments(arguments, connection) else {
        return .failure(.init(description: "after is no cursor of this list"))
      }
      arguments = paged
    }
    do throws(JSONError) {
      let request = try transcoder.wire(fromJSON: binding.json(arguments), messageName: binding.input)
      return .success(RootCall(binding: binding, request: request))
    } catch {
      let path = error.path.reduce("") { $0.isEmpty || $1.hasPrefix("[") ? $0 + $1 : $0 + "." + $1 }
      return .failure(.init(description: path.isEmpty ? error.message : "\(path): \(error.message)"))
    }
  }

  func outcome(_ calls: LocalCalls) async -> OperationRunner.Outcome {
    do throws(RPCError) {
      return .success(try await calls.unary(binding.path, request))
    } catch {
      return .failure(error)
    }
  }
}

extension ResultWriter {
  /// The answer of a call as the value of its field.
  mutating func response(_ bytes: [UInt8], _ binding: MethodBinding, _ field: PlanField) -> Bool {
    bytes.withUnsafeBytes { bytes in
      if binding.isEmpty {
        output.append(ascii: "true")
        return true
      }
      if let result = binding.result { return value(result, field, in: bytes) }
      guard let plan = field.objects.first else { return fail(field, "the field has no value") }
      guard let connection = binding.connection else { return inside(field) { $0.message(bytes, plan) } }
      var after: String?
      if case .string(let text) = field.argument("after") { after = text }
      let page = Page(bytes, connection, first: Page.first(field.arguments), after: after)
      return inside(field) { $0.page(page, plan) }
    }
  }
}
