import RPCCore
import TestSupport
import Testing

@testable import RPCClient

/// When the attempts of a hedged call begin, and which failure ends it.
@Suite struct HedgingStateTests {
  private let policy = HedgingPolicy(maximumAttempts: 3, delay: .milliseconds(10), nonFatalCodes: [.unavailable])
  private let delay: UInt64 = 10_000_000

  @Test func attemptsBeginOneAfterTheOther() {
    var state = HedgingState(policy)
    state.began(now: 0)
    #expect(state.due == delay)
    let (isEarly, isDue) = (state.isDue(now: delay - 1, isAllowed: true), state.isDue(now: delay, isAllowed: true))
    #expect(!isEarly && isDue)
    state.began(now: delay)
    state.began(now: 2 * delay)
    #expect(state.due == nil && state.begun == 3 && state.running == 3)
  }

  @Test func moreThanFiveAttemptsAreFive() {
    var state = HedgingState(HedgingPolicy(maximumAttempts: 50, delay: .zero))
    for _ in 0..<5 { state.began(now: 0) }
    #expect(state.due == nil)
  }

  @Test func aFailureThatIsNotFatalBringsTheNextForward() {
    var state = HedgingState(policy)
    state.began(now: 0)
    #expect(state.failed(.unavailable, .none, isAllowed: true, now: 5) == .goOn)
    #expect(state.due == 5)
    state.began(now: 5)
    #expect(state.due == 5 + delay)
    #expect(state.failed(.unavailable, .after(77), isAllowed: true, now: 6) == .goOn)
    #expect(state.due == 83)
    state.began(now: 83)
    #expect(state.failed(.unavailable, .none, isAllowed: true, now: 90) == .end)
  }

  @Test func aFatalFailureEndsTheCall() {
    var state = HedgingState(policy)
    state.began(now: 0)
    state.began(now: delay)
    #expect(state.failed(.notFound, .none, isAllowed: true, now: 11) == .end)
    #expect(state.due == nil)
  }

  @Test func theServerAndTheTokensForbidFurtherAttempts() {
    for (pushback, isAllowed) in [(RetryState.Pushback.never, true), (.none, false)] {
      var state = HedgingState(policy)
      state.began(now: 0)
      state.began(now: 1)
      #expect(state.failed(.unavailable, pushback, isAllowed: isAllowed, now: 2) == .goOn)
      #expect(state.due == nil && !state.isOver)
      #expect(state.failed(.unavailable, .none, isAllowed: true, now: 3) == .end)
    }
    var state = HedgingState(policy)
    state.began(now: 0)
    let isDue = state.isDue(now: delay, isAllowed: false)
    #expect(!isDue && state.due == nil)
  }

  /// Whatever happens, a call that has not ended has an attempt that runs or is due, and never too many.
  @Test func aRandomWalk() {
    var random = SeededGenerator(seed: 11)
    for _ in 0..<5000 {
      let policy = HedgingPolicy(
        maximumAttempts: Int.random(in: 1...7, using: &random),
        delay: .nanoseconds(Int64.random(in: 0...20, using: &random)), nonFatalCodes: [.unavailable, .aborted])
      var state = HedgingState(policy)
      var now: UInt64 = 100
      state.began(now: now)
      var isOver = false
      var steps = 0
      while !isOver {
        steps += 1
        now += UInt64.random(in: 0...10, using: &random)
        if state.isDue(now: now, isAllowed: Int.random(in: 0..<10, using: &random) > 0) {
          state.began(now: now)
        } else if state.running > 0, Bool.random(using: &random) {
          let code = [StatusCode.unavailable, .aborted, .unavailable, .notFound].randomElement(using: &random)
          let pushback = [RetryState.Pushback.none, .none, .after(15), .never].randomElement(using: &random)
          let isFatal = code == .notFound
          let verdict = state.failed(
            code ?? .unknown, pushback ?? .none, isAllowed: Bool.random(using: &random), now: now)
          isOver = verdict == .end
          if isFatal { #expect(isOver) }
          if verdict == .goOn { #expect(state.running > 0 || state.due != nil) }
        }
        if !isOver, state.isOver { isOver = true }
        #expect(state.begun <= min(max(policy.maximumAttempts, 1), 5) && state.running <= state.begun)
        #expect(state.running >= 0)
      }
      #expect(steps < 10_000)
    }
  }

  @Test func aServiceConfig() throws {
    let config = try ServiceConfig(
      json: """
        {"methodConfig": [{"name": [{}], "hedgingPolicy": {
          "maxAttempts": 4, "hedgingDelay": "0.05s", "nonFatalStatusCodes": ["UNAVAILABLE", "ABORTED"]}}]}
        """)
    #expect(
      config.methods[""]?.hedging
        == HedgingPolicy(maximumAttempts: 4, delay: .milliseconds(50), nonFatalCodes: [.unavailable, .aborted]))
    for policy in [
      #"{"maxAttempts": 1}"#, #"{}"#, #"{"maxAttempts": 2, "hedgingDelay": "-1s"}"#,
      #"{"maxAttempts": 2, "nonFatalStatusCodes": ["OK"]}"#, #"{"maxAttempts": 2, "nonFatalStatusCodes": [99]}"#,
      #"{"maxAttempts": 2}, "retryPolicy": {"maxAttempts": 2}"#,
    ] {
      #expect(throws: ChannelError.self, "\(policy)") {
        try ServiceConfig(json: #"{"methodConfig": [{"name": [{}], "hedgingPolicy": \#(policy)}]}"#)
      }
    }
  }
}
