import Glibc
import ProtoWire

/// The program under test for protobuf's conformance runner: reads requests from its standard input, answers each on
/// its standard output, and stops when the input ends.
/// <https://github.com/protocolbuffers/protobuf/tree/main/conformance>
@main
enum ProtoWireConformance {
  static func main() {
    do {
      let testee = try Testee()
      while let request = try Pipe.read() { try Pipe.write(testee.answer(request)) }
    } catch {
      Pipe.complain("protowire-conformance: \(error)")
      exit(EX_DATAERR)
    }
  }
}
