import Logging
import RPCCore
import Synchronization

/// What ends the response of a call: its status, and the metadata of its handler.
extension Call {
  /// Nil after a success without trailing metadata.
  var unusualEnd: ResponseEnd? {
    let trailing = context?.call.response.withLock { $0.metadata?.trailing }
    guard case .failure(let failure) = outcome else {
      guard let trailing, !trailing.isEmpty else { return nil }
      return ResponseEnd(
        error: nil, fields: trailerFields(nil, trailing), httpStatus: 200, extra: [], trailing: trailing)
    }
    let error = answered(failure.error)
    return ResponseEnd(
      error: error, fields: trailerFields(error, trailing ?? [:]), httpStatus: failure.httpStatus,
      extra: failure.extra, trailing: trailing ?? [:])
  }

  private func trailerFields(_ error: RPCError?, _ trailing: Metadata) -> [TrailerSection.Field] {
    let section = TrailerSection(error, trailing)
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
  private func answered(_ error: RPCError) -> RPCError {
    var error = error
    if let domain = configuration.errorDomain, error.details.errorInfo == nil {
      // First, since the last ones go where there is no room for all.
      error.details.insert(.errorInfo(reason: error.code.description, domain: domain), at: 0)
    }
    return error
  }
}
