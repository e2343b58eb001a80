import Glibc
import ProtoWire

// protoc writes a CodeGeneratorRequest to standard input and reads a CodeGeneratorResponse from standard output.

func readInput() -> [UInt8] {
  var input: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 1 << 16)
  while true {
    let count = read(STDIN_FILENO, &chunk, chunk.count)
    if count < 0, errno == EINTR { continue }
    if count <= 0 { return input }
    input.append(contentsOf: chunk[..<count])
  }
}

func writeAll(_ bytes: [UInt8], to file: Int32) {
  var rest = bytes[...]
  while !rest.isEmpty {
    let count = rest.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
    if count < 0, errno == EINTR { continue }
    if count <= 0 { exit(EX_IOERR) }
    rest = rest.dropFirst(count)
  }
}

do throws(WireError) {
  let request = try Google_Protobuf_Compiler_CodeGeneratorRequest(wireBytes: readInput())
  writeAll(Generator.respond(to: request).wireBytes(), to: STDOUT_FILENO)
} catch {
  writeAll(Array("protoc-gen-protowire: the request is not valid: \(error)\n".utf8), to: STDERR_FILENO)
  exit(EX_DATAERR)
}
