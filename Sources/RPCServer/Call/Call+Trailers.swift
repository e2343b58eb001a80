import Logging
import RPCCore
import Synchronization

/// What ends the response of a call: its status, and the metadata of its handler.
extension Call {
  var hasInitialMetadata: Bool {
    context?.call.response.withLock { $0.metadata?.initial.isEmpty == false } ?? false
  }

  var trailing: Metadata { context?.call.response.withLock { $0.metadata?.trailing } ?? [:] }

  /// The status and what goes with it.
  func makeTrailers() -> [TrailerSection.Field] {
    let section = TrailerSection(answeredError, trailing)
    if section.isCut {
      let method = route?.description ?? "other"
      connection.owner.log(
        .warning, "The trailers of a call were too large; a part of them was left out.", kind: method,
        metadata: ["method": "\(method)"])
    }
    return section.fields
  }

  /// The error that ends the call. One without an ErrorInfo, such as the runtime makes itself, says here what it is to
  /// programs too: https://google.aip.dev/193#errorinfo
  private var answeredError: RPCError? {
    guard var error = outcome?.error else { return nil }
    if let domain = configuration.errorDomain, error.details.errorInfo == nil {
      // First, since the last ones go where there is no room for all.
      error.details.insert(.errorInfo(reason: error.code.description, domain: domain), at: 0)
    }
    return error
  }
}
