import RPCCore

extension RPCError {
  /// The error of one item of a batch: the ErrorInfo's metadata and the message name its index.
  /// https://google.aip.dev/193
  func atIndex(_ index: Int) -> RPCError {
    var details: [ErrorDetail] = []
    for detail in self.details {
      if let info: Google_Rpc_ErrorInfo = detail.unpack() {
        var metadata = info.metadata
        metadata["index"] = "\(index)"
        details.append(.errorInfo(reason: info.reason, domain: info.domain, metadata: metadata))
      } else {
        details.append(detail)
      }
    }
    return RPCError(code, "At index \(index): \(message)", details: details, cause: cause)
  }
}
