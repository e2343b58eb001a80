import ArgumentParser
import UserService

struct PasswordCostCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "password-cost",
    abstract: "Measure how long passwords take to hash on this machine, and advise a cost.",
    discussion: """
      Each step of the cost doubles the time: for who signs in, and for who guesses. Run it where the service runs, and \
      give the result to `serve --password-cost`.
      """)

  @Option(
    name: .long, help: ArgumentHelp("How many milliseconds a sign-in may take to hash.", valueName: "milliseconds"))
  var target = 250

  func run() throws {
    guard (1...10_000).contains(target) else { throw ValidationError("--target must be from 1 to 10000 milliseconds.") }
    var advice: Int?
    for cost in PasswordHash.costs {
      // The best of three: other work of the machine only makes it slower.
      let times = (0..<3).compactMap { _ in PasswordHasher.secondsOfOneHash(cost: cost) }
      guard let seconds = times.min() else {
        throw Program.exit(with: Unavailable(message: "libcrypt could not hash a password."))
      }
      let milliseconds = Int((seconds * 1000).rounded())
      Output.line("cost \(cost): \(milliseconds) ms, \(Int(1 / max(seconds, 1e-9))) a second for each processor")
      guard milliseconds <= target else { break }
      advice = cost
    }
    if let advice {
      Output.line("Take --password-cost \(advice): the highest that hashes within \(target) ms.")
    } else {
      Output.line(
        "Take --password-cost \(PasswordHash.costs.lowerBound), the lowest, though it takes longer than \(target) ms.")
    }
  }
}
