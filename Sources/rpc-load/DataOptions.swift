import ArgumentParser
import Glibc
import Primitives
import RPCLoad

/// What the calls send.
struct DataOptions: ParsableArguments {
  @Option(
    name: [.customShort("d"), .long],
    help: ArgumentHelp(
      "The request as JSON, or an array of requests; @ reads standard input. May have templates such as {{newUUID}}.",
      valueName: "json"))
  var data: String?
  @Option(
    name: [.customShort("D"), .long],
    help: ArgumentHelp("A file with the JSON; - reads standard input.", valueName: "file"))
  var dataFile: String?
  @Option(
    name: [.customShort("m"), .long],
    help: ArgumentHelp("Metadata as a JSON object of texts, which may have templates.", valueName: "json"))
  var metadata: String?
  @Option(
    name: [.customShort("H"), .long],
    help: ArgumentHelp("Metadata as a header field; may be given several times.", valueName: "name: value"))
  var header: [String] = []
  @Option(
    help: ArgumentHelp(
      "Messages that a call with a stream of requests sends: by default those of the data.", valueName: "count"))
  var streamCallCount: Int?
  @Option(help: ArgumentHelp("The time between them.", valueName: "duration"))
  var streamInterval = DurationOption(nanoseconds: 0)

  func validate() throws {
    guard data == nil || dataFile == nil else { throw ValidationError("Give --data or --data-file.") }
    if let streamCallCount, streamCallCount < 0 { throw ValidationError("--stream-call-count must not be below 0.") }
  }

  /// The JSON.
  func text() throws -> String {
    if let dataFile { return try File.text(dataFile == "-" ? nil : dataFile, "--data-file") }
    guard let data else { return "{}" }
    return data == "@" ? try File.text(nil, "--data") : data
  }

  /// Names and values of the metadata.
  func fields() throws -> [(name: String, value: String)] {
    var fields: [(name: String, value: String)] = []
    if let metadata {
      do throws(LoadError) {
        fields += try MetadataText.fields(json: metadata)
      } catch {
        throw ValidationError("--metadata: \(error).")
      }
    }
    for text in header {
      let parts = text.split(separator: ":", maxSplits: 1).map { String($0.drop { $0 == " " }) }
      guard parts.count == 2 else { throw ValidationError("--header '\(text)' is not NAME: VALUE.") }
      fields.append((parts[0], parts[1]))
    }
    return fields
  }
}
