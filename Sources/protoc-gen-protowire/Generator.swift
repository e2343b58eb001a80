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
    var files: [Google_Protobuf_Compiler_CodeGeneratorResponse.File] = []
    for file in request.protoFile where wanted.contains(file.name ?? "") {
      files.append(try FileGenerator(file: file, options: options, schema: schema).generate())
    }
    return files
  }
}
