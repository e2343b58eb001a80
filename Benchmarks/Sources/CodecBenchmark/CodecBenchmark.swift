/// Prints nanoseconds and allocations an operation of ProtoWire and of swift-protobuf, and how many times faster the first is.
///
/// usage: CodecBenchmark [MESSAGE]     all messages, or one
///        CodecBenchmark MESSAGE OPERATION COUNT     runs one operation so often and measures nothing: for profilers.
/// OPERATION is 0 and 1 for encoding by ProtoWire and swift-protobuf, 2 and 3 for decoding, 4 and 5 for writing JSON, 6 and 7 for
/// reading it.
@main
enum CodecBenchmark {
  static func main() throws {
    let arguments = CommandLine.arguments.dropFirst()
    let comparisons = try Comparison.all().filter { arguments.first == nil || $0.name == arguments.first }
    if arguments.count == 3, let operation = Int(arguments[2]), let count = Int(arguments[3]) {
      var sink = 0
      for _ in 0..<count { sink &+= comparisons[0].operations[operation]() }
      print(sink)
      return
    }
    print("message  operation    ProtoWire ns  allocs  swift-protobuf ns  allocs   ratio")
    for comparison in comparisons {
      // Both in turn, so that what the machine does meanwhile meets both.
      var costs = [[Cost]](repeating: [], count: comparison.operations.count)
      for _ in 0..<5 {
        for (index, operation) in comparison.operations.enumerated() { costs[index].append(measure(operation)) }
      }
      let medians = costs.map(Cost.median)
      let names = ["encode", "decode", "to JSON", "from JSON"]
      for (operation, index) in zip(names, stride(from: 0, to: medians.count, by: 2)) {
        let (ours, theirs) = (medians[index], medians[index + 1])
        print(
          pad(comparison.name, 9, left: true) + pad(operation, 11, left: true) + pad(ours.nanoseconds, 14)
            + pad(ours.allocations, 8) + pad(theirs.nanoseconds, 19) + pad(theirs.allocations, 8)
            + pad(theirs.nanoseconds / ours.nanoseconds, 8))
      }
    }
  }

  static func pad(_ text: String, _ width: Int, left: Bool = false) -> String {
    let blanks = String(repeating: " ", count: max(0, width - text.count))
    return left ? text + blanks : blanks + text
  }

  /// With one decimal.
  static func pad(_ value: Double, _ width: Int) -> String {
    let tenths = Int((value * 10).rounded())
    return pad("\(tenths / 10).\(tenths % 10)", width)
  }
}
