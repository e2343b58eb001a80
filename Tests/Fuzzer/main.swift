// Fuzzes a parser with libFuzzer, or replays inputs: scripts/fuzz.sh builds it with coverage.
// usage: protowire-fuzz TARGET [LIBFUZZER-ARGUMENT]...      with -D FUZZING
//        protowire-fuzz TARGET FILE...                      otherwise: replays the files
// TARGET is wire, json, transcode, http1, responses, trailers, config or graphql.

import Fuzzing
import Glibc

#if FUZZING
  import CFuzzer
#endif

func complain(_ text: String) {
  _ = "\(text)\n".withCString { write(STDERR_FILENO, $0, strlen($0)) }
}

guard CommandLine.arguments.count > 1, let target = FuzzTarget(rawValue: CommandLine.arguments[1]) else {
  complain("usage: protowire-fuzz wire|json|transcode|http1|responses|trailers|config|graphql ARGUMENT...")
  exit(64)
}

#if FUZZING
  // libFuzzer's callback has no context: each target has its own.
  func run(_ target: FuzzTarget, _ data: UnsafePointer<UInt8>?, _ size: Int) -> Int32 {
    do {
      try target.check(Array(UnsafeBufferPointer(start: data, count: size)))
    } catch {
      complain(error.description)
      abort()
    }
    return 0
  }

  var count = CommandLine.argc - 1
  // Without the name of the target, which libFuzzer would take for a corpus.
  var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> = CommandLine.unsafeArgv + 1
  switch target {
  case .wire: exit(LLVMFuzzerRunDriver(&count, &arguments) { run(.wire, $0, $1) })
  case .json: exit(LLVMFuzzerRunDriver(&count, &arguments) { run(.json, $0, $1) })
  case .transcode: exit(LLVMFuzzerRunDriver(&count, &arguments) { run(.transcode, $0, $1) })
  case .http1: exit(LLVMFuzzerRunDriver(&count, &arguments) { run(.http1, $0, $1) })
  case .responses: exit(LLVMFuzzerRunDriver(&count, &arguments) { run(.responses, $0, $1) })
  case .trailers: exit(LLVMFuzzerRunDriver(&count, &arguments) { run(.trailers, $0, $1) })
  case .config: exit(LLVMFuzzerRunDriver(&count, &arguments) { run(.config, $0, $1) })
  case .graphql: exit(LLVMFuzzerRunDriver(&count, &arguments) { run(.graphql, $0, $1) })
  }
#else
  for path in CommandLine.arguments.dropFirst(2) {
    guard let file = fopen(path, "r") else {
      complain("\(path): \(String(cString: strerror(errno)))")
      exit(66)
    }
    defer { fclose(file) }
    var input: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 1 << 16)
    while case let taken = fread(&part, 1, part.count, file), taken > 0 { input += part.prefix(taken) }
    do {
      try target.check(input)
    } catch {
      complain("\(path): \(error)")
      exit(1)
    }
  }
#endif
