internal import RPCClient

extension ChannelRegistry {
  /// What all channels have, on all loops.
  static func allReports() async -> [ChannelReport] {
    var all: [ChannelReport] = []
    for channel in channels { all += await channel.reports() }
    return all
  }
}
