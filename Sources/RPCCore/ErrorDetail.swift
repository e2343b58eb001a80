public import ProtoWire

/// One detail of an error: a message, mostly one of google/rpc/error_details.proto, packed as google.protobuf.Any.
public struct ErrorDetail: Sendable, Hashable {
  let any: Google_Protobuf_Any

  /// A detail that is packed already.
  public init(packed: Google_Protobuf_Any) { any = packed }

  public init(_ message: some WireMessage) {
    any = .with {
      $0.typeURL = "type.googleapis.com/\(type(of: message).messageName)"
      $0.value = message.wireBytes()
    }
  }

  /// Why it failed, for programs. Reasons are UPPER_SNAKE_CASE and unique within the domain (AIP-193).
  public static func errorInfo(reason: String, domain: String, metadata: [String: String] = [:]) -> ErrorDetail {
    ErrorDetail(
      Google_Rpc_ErrorInfo.with {
        $0.reason = reason
        $0.domain = domain
        $0.metadata = metadata
      })
  }

  /// All fields of the request that are wrong.
  public static func badRequest(_ violations: [(field: String, description: String, reason: String)]) -> ErrorDetail {
    ErrorDetail(
      Google_Rpc_BadRequest.with {
        $0.fieldViolations = violations.map { violation in
          .with {
            $0.field = violation.field
            $0.description = violation.description
            $0.reason = violation.reason
          }
        }
      })
  }

  /// Which resource it is about.
  public static func resourceInfo(
    type: String, name: String, owner: String = "", description: String = ""
  ) -> ErrorDetail {
    ErrorDetail(
      Google_Rpc_ResourceInfo.with {
        $0.resourceType = type
        $0.resourceName = name
        $0.owner = owner
        $0.description = description
      })
  }

  /// How long to wait before trying again.
  public static func retryInfo(delay: Duration) -> ErrorDetail {
    ErrorDetail(
      Google_Rpc_RetryInfo.with {
        $0.retryDelay = .with {
          $0.seconds = delay.components.seconds
          $0.nanos = Int32(truncatingIfNeeded: delay.components.attoseconds / 1_000_000_000)
        }
      })
  }

  /// The detail as a message of a type, or nil if it is of another or damaged.
  public func unpack<Message: WireMessage>(as type: Message.Type = Message.self) -> Message? {
    guard any.typeURL.split(separator: "/").last.map(String.init) == Message.messageName else { return nil }
    return try? Message(wireBytes: any.value)
  }
}

extension RPCError {
  /// The value of `grpc-status-details-bin`; nil without details.
  package var statusDetails: [UInt8]? {
    guard !details.isEmpty else { return nil }
    return Google_Rpc_Status.with {
      $0.code = Int32(code.rawValue)
      $0.message = message
      $0.details = details.map(\.any)
    }.wireBytes()
  }
}
