/// A response as JSON. https://spec.graphql.org/October2021/#sec-Response-Format
enum ResponseDocument {
  static func response(data: [UInt8], _ errors: [GraphQLError], _ text: [UInt8]) -> [UInt8] {
    var output: [UInt8] = []
    output.reserveCapacity(data.count + 16)
    output.append(UInt8(ascii: "{"))
    if !errors.isEmpty {
      append(errors, text, to: &output)
      output.append(UInt8(ascii: ","))
    }
    output.append(ascii: "\"data\":")
    output.append(contentsOf: data)
    output.append(UInt8(ascii: "}"))
    return output
  }

  /// Of a request that was not executed: without data.
  static func refusal(_ refusal: GraphQLRefusal) -> [UInt8] {
    var output: [UInt8] = [UInt8(ascii: "{")]
    append(refusal.errors, refusal.text, to: &output)
    output.append(UInt8(ascii: "}"))
    return output
  }

  private static func append(_ errors: [GraphQLError], _ text: [UInt8], to output: inout [UInt8]) {
    output.append(ascii: "\"errors\":[")
    for (index, error) in errors.enumerated() {
      if index > 0 { output.append(UInt8(ascii: ",")) }
      error.append(to: &output, text)
    }
    output.append(UInt8(ascii: "]"))
  }
}
