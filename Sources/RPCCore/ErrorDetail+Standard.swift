import ProtoWire

/// Makes the details that google/rpc/error_details.proto defines. https://google.aip.dev/193
extension ErrorDetail {
  /// The cause of the error in machine-readable form. Reasons are UPPER_SNAKE_CASE and unique within their domain
  /// (AIP-193).
  public static func errorInfo(reason: String, domain: String, metadata: [String: String] = [:]) -> ErrorDetail {
    ErrorDetail(
      Google_Rpc_ErrorInfo.with {
        $0.reason = reason
        $0.domain = domain
        $0.metadata = metadata
      })
  }

  /// The fields of the request that are wrong. Name all of them, not just the first.
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

  /// The resource that the error is about.
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

  /// How long the client should wait before it retries.
  public static func retryInfo(delay: Duration) -> ErrorDetail {
    ErrorDetail(
      Google_Rpc_RetryInfo.with {
        $0.retryDelay = .with {
          $0.seconds = delay.components.seconds
          $0.nanos = Int32(truncatingIfNeeded: delay.components.attoseconds / 1_000_000_000)
        }
      })
  }

  /// Information for debugging. It reveals how the server works inside: send it only to callers that you trust.
  public static func debugInfo(detail: String, stack: [String] = []) -> ErrorDetail {
    ErrorDetail(
      Google_Rpc_DebugInfo.with {
        $0.detail = detail
        $0.stackEntries = stack
      })
  }

  /// The quotas that the call exceeded. The subject says whose quota it is: `clientip:10.1.2.3`, `project:42`.
  public static func quotaFailure(_ violations: [(subject: String, description: String)]) -> ErrorDetail {
    ErrorDetail(
      Google_Rpc_QuotaFailure.with {
        $0.violations = violations.map { violation in
          .with {
            $0.subject = violation.subject
            $0.description = violation.description
          }
        }
      })
  }

  /// The preconditions of the call that were not met. The service defines the types, such as `TOS`; the subject says
  /// what the precondition applies to.
  public static func preconditionFailure(
    _ violations: [(type: String, subject: String, description: String)]
  ) -> ErrorDetail {
    ErrorDetail(
      Google_Rpc_PreconditionFailure.with {
        $0.violations = violations.map { violation in
          .with {
            $0.type = violation.type
            $0.subject = violation.subject
            $0.description = violation.description
          }
        }
      })
  }

  /// The name of the request in the server's logs.
  public static func requestInfo(id: String, servingData: String = "") -> ErrorDetail {
    ErrorDetail(
      Google_Rpc_RequestInfo.with {
        $0.requestID = id
        $0.servingData = servingData
      })
  }

  /// Links to documentation about the error.
  public static func help(_ links: [(description: String, url: String)]) -> ErrorDetail {
    ErrorDetail(
      Google_Rpc_Help.with {
        $0.links = links.map { link in
          .with {
            $0.description = link.description
            $0.url = link.url
          }
        }
      })
  }

  /// A message that may be shown to users.
  /// - Parameter locale: its language, as a BCP 47 tag: "de-CH", "fr-FR".
  public static func localizedMessage(_ message: String, locale: String) -> ErrorDetail {
    ErrorDetail(
      Google_Rpc_LocalizedMessage.with {
        $0.locale = locale
        $0.message = message
      })
  }
}
