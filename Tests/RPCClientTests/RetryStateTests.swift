import RPCCore
import TestSupport
import Testing

@testable import RPCClient

/// The retries of a call, the tokens of a channel, and what service configs say of them.
@Suite struct RetryStateTests {
  private let policy = RetryPolicy(
    maximumAttempts: 4, initialBackoff: .milliseconds(100), maximumBackoff: .milliseconds(150), multiplier: 2,
    codes: [.unavailable])

  @Test func theWaitGrowsToItsLimitAndAttemptsAreCounted() {
    var random = SeededGenerator(seed: 3)
    var state = RetryState(policy)
    let waits = (0..<4).map { _ in state.failed(.unavailable, .none, isAllowed: true, using: &random) }
    #expect(waits[3] == nil)
    #expect(waits[0].map { (80_000_000...120_000_000).contains($0) } == true)
    #expect(waits[1].map { (120_000_000...180_000_000).contains($0) } == true)
    #expect(waits[2].map { (120_000_000...180_000_000).contains($0) } == true)
  }

  @Test func moreThanFiveAttemptsAreFive() {
    var random = SeededGenerator(seed: 3)
    var many = policy
    many.maximumAttempts = 100
    var state = RetryState(many)
    let waits = (0..<6).map { _ in state.failed(.unavailable, .none, isAllowed: true, using: &random) != nil }
    #expect(waits == [true, true, true, true, false, false])
  }

  @Test func theServerHasTheLastWord() {
    var random = SeededGenerator(seed: 3)
    var state = RetryState(policy)
    #expect(state.failed(.unavailable, .init("7"), isAllowed: true, using: &random) == 7_000_000)
    #expect(state.failed(.unavailable, .init("0"), isAllowed: true, using: &random) == 0)
    // Afterwards the wait is that of a first retry.
    let wait = state.failed(.unavailable, .none, isAllowed: true, using: &random)
    #expect(wait.map { $0 <= 120_000_000 } == true)
    for text in ["-1", "x", "", "99999999999", "1.5"] {
      var state = RetryState(policy)
      #expect(state.failed(.unavailable, .init(text), isAllowed: true, using: &random) == nil)
      #expect(state.isCharged(.notFound, .init(text)))
    }
  }

  @Test func othersFail() {
    var random = SeededGenerator(seed: 3)
    var state = RetryState(policy)
    #expect(state.failed(.notFound, .none, isAllowed: true, using: &random) == nil)
    #expect(state.failed(.unavailable, .none, isAllowed: false, using: &random) == nil)
    #expect(!state.isCharged(.notFound, .none) && state.isCharged(.unavailable, .none))
  }

  @Test func tokensRunOutAndComeBack() {
    let throttle = RetryThrottle(RetryThrottling(maximumTokens: 4, tokenRatio: 0.5))
    #expect(throttle.failed())
    #expect(!throttle.failed())
    throttle.succeeded()
    throttle.succeeded()
    #expect(!throttle.failed())
    for _ in 0..<100 { throttle.succeeded() }
    #expect(throttle.failed())
    for _ in 0..<100 { _ = throttle.failed() }
    for _ in 0..<6 { throttle.succeeded() }
    #expect(!throttle.failed())
  }

  // MARK: JSON

  @Test func aServiceConfig() throws {
    let config = try ServiceConfig(
      json: """
        {
          "loadBalancingConfig": [{"xds": {}}, {"round_robin": {}}], "healthCheckConfig": {"serviceName": ""},
          "methodConfig": [
            {"name": [{}], "timeout": "10s"},
            {"name": [{"service": "a.S"}, {"service": "b.S", "method": "M"}], "waitForReady": true, "timeout": "1.5s",
             "maxRequestMessageBytes": 10, "maxResponseMessageBytes": 20,
             "retryPolicy": {"maxAttempts": 3, "initialBackoff": "0.1s", "maxBackoff": "1s", "backoffMultiplier": 1.5,
                             "retryableStatusCodes": ["UNAVAILABLE", 8]}}
          ],
          "retryThrottling": {"maxTokens": 10, "tokenRatio": 0.25}
        }
        """)
    #expect(config.balancing == .roundRobin)
    #expect(config.retryThrottling == RetryThrottling(maximumTokens: 10, tokenRatio: 0.25))
    let special = config.method(MethodDescriptor(service: "b.S", name: "M", kind: .unary))
    #expect(special?.timeout == .milliseconds(1500) && special?.waitsForReady == true)
    #expect(special?.maximumRequestSize == 10 && special?.maximumResponseSize == 20)
    #expect(
      special?.retry
        == RetryPolicy(
          maximumAttempts: 3, initialBackoff: .milliseconds(100), maximumBackoff: .seconds(1), multiplier: 1.5,
          codes: [.unavailable, .resourceExhausted]))
    #expect(config.method(MethodDescriptor(service: "a.S", name: "Any", kind: .unary)) == special)
    #expect(config.method(MethodDescriptor(service: "b.S", name: "N", kind: .unary))?.timeout == .seconds(10))
    #expect(try ServiceConfig(json: "{}").method(MethodDescriptor(service: "a", name: "b", kind: .unary)) == nil)
    #expect(try ServiceConfig(json: #"{"loadBalancingPolicy": "ROUND_ROBIN"}"#).balancing == .roundRobin)
  }

  @Test func balancingAndHealth() throws {
    func balancing(_ json: String) throws -> LoadBalancing? {
      try ServiceConfig(json: "{\"loadBalancingConfig\": [{\"xds\": {}}, \(json)]}").balancing
    }
    #expect(try balancing(#"{"pick_first": {}}"#) == .pickFirst)
    #expect(try balancing(#"{"pick_first": {"shuffleAddressList": true}}"#) == .shuffledPickFirst)
    #expect(try balancing(#"{"least_request_experimental": {}}"#) == .leastRequest)
    #expect(try balancing(#"{"least_request": {"choiceCount": 50}}"#) == .leastRequest(choices: 10))
    #expect(try balancing(#"{"weighted_round_robin": {}}"#) == .weightedRoundRobin)
    var weights = WeightedRoundRobin()
    weights.blackoutPeriod = .zero
    weights.expirationPeriod = .seconds(60)
    weights.updatePeriod = .milliseconds(500)
    weights.errorPenalty = 0.5
    #expect(
      try balancing(
        #"{"weighted_round_robin": {"blackoutPeriod": "0s", "weightExpirationPeriod": "60s", "weightUpdatePeriod": "0.5s", "errorUtilizationPenalty": 0.5, "enableOobLoadReport": false}}"#
      ) == .weightedRoundRobin(settings: weights))
    var outliers = OutlierDetection()
    #expect(
      try balancing(#"{"outlier_detection_experimental": {"childPolicy": [{"x": {}}, {"round_robin": {}}]}}"#)
        == .roundRobin.ejectingOutliers(outliers))
    outliers.interval = .seconds(1)
    outliers.baseEjectionTime = .seconds(2)
    outliers.maximumEjectionTime = .seconds(3)
    outliers.maximumEjectionPercent = 50
    outliers.successRate = .init()
    outliers.successRate?.deviations = 1.5
    outliers.successRate?.enforcement = 0
    outliers.successRate?.minimumAddresses = 3
    outliers.successRate?.minimumCalls = 4
    outliers.failurePercentage = .init()
    outliers.failurePercentage?.threshold = 40
    #expect(
      try balancing(
        #"""
        {"outlier_detection_experimental": {
          "interval": "1s", "baseEjectionTime": "2s", "maxEjectionTime": "3s", "maxEjectionPercent": 50,
          "successRateEjection": {"stdevFactor": 1500, "enforcementPercentage": 0, "minimumHosts": 3, "requestVolume": 4},
          "failurePercentageEjection": {"threshold": 40}, "childPolicy": [{"least_request_experimental": {}}]
        }}
        """#) == .leastRequest.ejectingOutliers(outliers))
    #expect(try ServiceConfig(json: #"{"healthCheckConfig": {"serviceName": "a.B"}}"#).healthService == "a.B")
    #expect(try ServiceConfig(json: #"{"healthCheckConfig": {"serviceName": ""}}"#).healthService == "")
    #expect(try ServiceConfig(json: #"{"healthCheckConfig": {}}"#).healthService == nil)
  }

  @Test(arguments: [
    #"{"loadBalancingConfig": [{"least_request": {"choiceCount": 1}}]}"#,
    #"{"loadBalancingConfig": [{"weighted_round_robin": {"blackoutPeriod": "-1s"}}]}"#,
    #"{"loadBalancingConfig": [{"weighted_round_robin": {"errorUtilizationPenalty": -1}}]}"#,
    #"{"loadBalancingConfig": [{"outlier_detection_experimental": {}}]}"#,
    #"{"loadBalancingConfig": [{"outlier_detection_experimental": {"maxEjectionPercent": 101, "childPolicy": [{"round_robin": {}}]}}]}"#,
    #"{"loadBalancingConfig": [{"outlier_detection_experimental": {"childPolicy": [{"outlier_detection_experimental": {"childPolicy": [{"round_robin": {}}]}}]}}]}"#,
    "", "[]", #"{"methodConfig": 1}"#, #"{"methodConfig": [{"name": [{"method": "M"}]}]}"#,
    #"{"methodConfig": [{"name": [{"service": "a"}, {"service": "a"}]}]}"#,
    #"{"methodConfig": [{"name": [{}], "timeout": "-1s"}]}"#,
    #"{"methodConfig": [{"name": [{}], "retryPolicy": {"maxAttempts": 1, "initialBackoff": "1s", "maxBackoff": "1s", "backoffMultiplier": 1, "retryableStatusCodes": ["UNAVAILABLE"]}}]}"#,
    #"{"methodConfig": [{"name": [{}], "retryPolicy": {"maxAttempts": 2, "maxBackoff": "1s", "backoffMultiplier": 1, "retryableStatusCodes": ["UNAVAILABLE"]}}]}"#,
    #"{"methodConfig": [{"name": [{}], "retryPolicy": {"maxAttempts": 2, "initialBackoff": "1s", "maxBackoff": "1s", "backoffMultiplier": 1, "retryableStatusCodes": []}}]}"#,
    #"{"methodConfig": [{"name": [{}], "retryPolicy": {"maxAttempts": 2, "initialBackoff": "1s", "maxBackoff": "1s", "backoffMultiplier": 1, "retryableStatusCodes": ["WHATEVER"]}}]}"#,
    #"{"retryThrottling": {"maxTokens": 0, "tokenRatio": 1}}"#, #"{"retryThrottling": {"maxTokens": 5}}"#,
  ])
  func malformedConfigs(_ json: String) {
    let error = #expect(throws: ChannelError.self) { _ = try ServiceConfig(json: json) }
    #expect(error?.description.hasPrefix("the service config") == true)
  }
}
