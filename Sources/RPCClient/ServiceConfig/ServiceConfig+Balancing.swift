internal import ProtoWire

/// `loadBalancingConfig`, and the older `loadBalancingPolicy`.
extension ServiceConfig {
  typealias Config = Grpc_ServiceConfig_LoadBalancingConfig

  static func balancing(_ message: Grpc_ServiceConfig_ServiceConfig) throws(ChannelError) -> LoadBalancing? {
    if let known = try firstKnown(message.loadBalancingConfig) { return known }
    switch message.loadBalancingPolicy.lowercased() {
    case "round_robin": return .roundRobin
    case "pick_first": return .pickFirst
    default: return nil
    }
  }

  private static func firstKnown(_ configs: [Config], isChild: Bool = false) throws(ChannelError) -> LoadBalancing? {
    for config in configs {
      if let outliers = config.outlierDetection {
        guard !isChild else { throw error("the childPolicy of outlier detection is outlier detection") }
        guard let child = try firstKnown(outliers.childPolicy, isChild: true) else {
          throw error("outlier detection has no childPolicy that the client knows")
        }
        return child.ejectingOutliers(try outlierDetection(outliers))
      }
      if let weighted = config.weightedRoundRobin { return .weightedRoundRobin(settings: try settings(weighted)) }
      if let least = config.leastRequest {
        let choices = least.choiceCount?.value ?? 2
        guard choices >= 2 else { throw error("a choiceCount is less than 2") }
        return .leastRequest(choices: Int(choices))
      }
      if config.roundRobin != nil { return .roundRobin }
      if let first = config.pickFirst { return first.shuffleAddressList ? .shuffledPickFirst : .pickFirst }
    }
    return nil
  }

  private static func settings(
    _ message: Grpc_ServiceConfig_WeightedRoundRobinConfig
  ) throws(ChannelError) -> WeightedRoundRobin {
    var settings = WeightedRoundRobin()
    settings.blackoutPeriod = try duration(message.blackoutPeriod, settings.blackoutPeriod, "blackoutPeriod")
    settings.expirationPeriod = try duration(
      message.weightExpirationPeriod, settings.expirationPeriod, "weightExpirationPeriod")
    settings.updatePeriod = try duration(message.weightUpdatePeriod, settings.updatePeriod, "weightUpdatePeriod")
    if let penalty = message.errorUtilizationPenalty?.value {
      guard penalty >= 0 else { throw error("errorUtilizationPenalty is below 0") }
      settings.errorPenalty = Double(penalty)
    }
    return settings
  }

  private static func outlierDetection(
    _ message: Grpc_ServiceConfig_OutlierDetectionConfig
  ) throws(ChannelError) -> OutlierDetection {
    var settings = OutlierDetection()
    settings.interval = try duration(message.interval, settings.interval, "interval")
    settings.baseEjectionTime = try duration(message.baseEjectionTime, settings.baseEjectionTime, "baseEjectionTime")
    settings.maximumEjectionTime = try duration(
      message.maxEjectionTime, settings.maximumEjectionTime, "maxEjectionTime")
    settings.maximumEjectionPercent = try percent(message.maxEjectionPercent, 10, "maxEjectionPercent")
    if let rule = message.successRateEjection {
      var rate = OutlierDetection.SuccessRate()
      if let factor = rule.stdevFactor { rate.deviations = Double(factor.value) / 1000 }
      rate.enforcement = try percent(rule.enforcementPercentage, rate.enforcement, "enforcementPercentage")
      rate.minimumAddresses = rule.minimumHosts.map { Int($0.value) } ?? rate.minimumAddresses
      rate.minimumCalls = rule.requestVolume.map { Int($0.value) } ?? rate.minimumCalls
      settings.successRate = rate
    }
    if let rule = message.failurePercentageEjection {
      var percentage = OutlierDetection.FailurePercentage()
      percentage.threshold = try percent(rule.threshold, percentage.threshold, "threshold")
      percentage.enforcement = try percent(rule.enforcementPercentage, percentage.enforcement, "enforcementPercentage")
      percentage.minimumAddresses = rule.minimumHosts.map { Int($0.value) } ?? percentage.minimumAddresses
      percentage.minimumCalls = rule.requestVolume.map { Int($0.value) } ?? percentage.minimumCalls
      settings.failurePercentage = percentage
    }
    return settings
  }

  private static func duration(
    _ message: Google_Protobuf_Duration?, _ standard: Duration, _ name: String
  ) throws(ChannelError) -> Duration {
    guard let message else { return standard }
    let duration = Duration(message)
    guard duration >= .zero else { throw error("\(name) is below 0") }
    return duration
  }

  private static func percent(
    _ message: Google_Protobuf_UInt32Value?, _ standard: Int, _ name: String
  ) throws(ChannelError) -> Int {
    guard let message else { return standard }
    guard message.value <= 100 else { throw error("\(name) is above 100") }
    return Int(message.value)
  }
}
