import ProtoWire

/// The details that google/rpc/error_details.proto has, each in a line. https://google.aip.dev/193
extension ErrorDetail {
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

  /// What a debugger wants to know. It tells of the server's inside: not for callers whom you do not trust.
  public static func debugInfo(detail: String, stack: [String] = []) -> ErrorDetail {
    ErrorDetail(
      Google_Rpc_DebugInfo.with {
        $0.detail = detail
        $0.stackEntries = stack
      })
  }

  /// Which quota is used up, and whose: `clientip:10.1.2.3`, `project:42`.
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

  /// What must be done before the call can succeed. Types are the service's own, such as `TOS`; the subject says of
  /// what it is true.
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

  /// By what the request is to be found in the server's logs.
  public static func requestInfo(id: String, servingData: String = "") -> ErrorDetail {
    ErrorDetail(
      Google_Rpc_RequestInfo.with {
        $0.requestID = id
        $0.servingData = servingData
      })
  }

  /// Where there is help.
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

  /// What a user may be shown, in a language of theirs: "de-CH", "fr-FR".
  public static func localizedMessage(_ message: String, locale: String) -> ErrorDetail {
    ErrorDetail(
      Google_Rpc_LocalizedMessage.with {
        $0.locale = locale
        $0.message = message
      })
  }
}
