import ProtoWire

/// Answers protoc.
enum Generator {
  static func respond(
    to request: Google_Protobuf_Compiler_CodeGeneratorRequest
  ) -> Google_Protobuf_Compiler_CodeGeneratorResponse {
    var response = Google_Protobuf_Compiler_CodeGeneratorResponse()
    let features: [Google_Protobuf_Compiler_CodeGeneratorResponse.Feature] = [.proto3Optional, .supportsEditions]
    response.supportedFeatures = features.reduce(0) { $0 | UInt64($1.rawValue) }
    response.minimumEdition = Google_Protobuf_Edition.proto2.rawValue
    response.maximumEdition = Google_Protobuf_Edition.edition2024.rawValue
    do throws(GeneratorError) {
      response.file = try files(for: request)
    } catch {
      response.error = error.description
    }
    return response
  }

  private static func files(
    for request: Google_Protobuf_Compiler_CodeGeneratorRequest
  ) throws(GeneratorError) -> [Google_Protobuf_Compiler_CodeGeneratorResponse.File] {
    let options = try Options(parameter: request.parameter ?? "")
    let schema = Schema(request.protoFile)
    let wanted = Set(request.fileToGenerate)
    try checkNames(
      of: request.protoFile.compactMap(\.name).filter { wanted.contains($0) || options.module(of: $0) == nil })
    var files: [Google_Protobuf_Compiler_CodeGeneratorResponse.File] = []
    for file in request.protoFile where wanted.contains(file.name ?? "") {
      files.append(try FileGenerator(file: file, options: options, schema: schema).generate())
    }
    return files
  }

  /// Files of one module must not become the same Swift file. protoc would refuse it without saying which they are, and
  /// in two runs would let one replace the other.
  private static func checkNames(of paths: [String]) throws(GeneratorError) {
    var pathByName: [String: String] = [:]
    for path in paths {
      let name = Names.file(path)
      guard let other = pathByName.updateValue(path, forKey: name) else { continue }
      throw GeneratorError(
        "\(other) and \(path) would both become \(name).pb.swift: rename one, or generate it for another module")
    }
  }
}
