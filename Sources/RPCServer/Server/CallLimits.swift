import RPCCore

/// The part of the configuration that each call reads. It holds no references, so that reading it retains nothing.
struct CallLimits {
  let maximumRequestSize: Int
  let maximumResponseSize: Int
  let maximumRunningHandlers: Int
  let responseHighMark: Int
  let responseCompression: CompressionAlgorithm?

  init(_ configuration: ServerConfiguration) {
    maximumRequestSize = configuration.maximumRequestSize
    maximumResponseSize = configuration.maximumResponseSize
    maximumRunningHandlers = configuration.maximumRunningHandlers
    responseHighMark = configuration.responseHighMark
    responseCompression = configuration.responseCompression
  }
}
