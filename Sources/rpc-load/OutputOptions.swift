import ArgumentParser
import RPCLoad

/// What is reported, and where.
struct OutputOptions: ParsableArguments {
  @Option(
    name: [.customShort("o"), .long],
    help: ArgumentHelp("Where the report goes: by default to standard output.", valueName: "file"))
  var output: String?
  @Option(
    name: [.customShort("O"), .long], help: ArgumentHelp("summary (text), json or html.", valueName: "format"))
  var format = Format.summary
  @Option(help: ArgumentHelp("A name of the load, for the report.", valueName: "text"))
  var name: String?
  @Flag(help: "Count failed calls among the latencies too.")
  var countErrors = false
  @Flag(help: "Show no progress on a terminal.")
  var noProgress = false
  @Option(
    help: ArgumentHelp(
      "End with exit code 2 if this is so, such as p99>20ms, errors>0.1%, rps<1000; may be given several times.",
      valueName: "condition"))
  var failIf: [String] = []

  enum Format: String, ExpressibleByArgument, CaseIterable { case summary, json, html }

  func validate() throws { _ = try thresholds() }

  func thresholds() throws -> [LoadThreshold] {
    do {
      return try failIf.map { try LoadThreshold($0) }
    } catch {
      throw ValidationError("--fail-if: \(error).")
    }
  }

  func report(_ result: LoadResult, date: String, broken: [String]) -> String {
    switch format {
    case .summary: TextReport.text(result, name: name)
    case .json: JSONReport.text(result, name: name, date: date, broken: broken)
    case .html: HTMLReport.text(result, name: name, date: date, broken: broken)
    }
  }
}
