import Foundation
import Glibc
import ProtoWire

@testable import protowire_conformance

/// The real program, at the other end of two pipes.
final class TesteeProcess {
  private let process = Process()
  private let input = Pipe()
  private let output = Pipe()

  init() throws {
    process.executableURL = Self.products.appendingPathComponent("protowire-conformance")
    process.standardInput = input
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    signal(SIGPIPE, SIG_IGN)
    try process.run()
  }

  /// Where the build puts programs, of which the one that runs the tests is one.
  private static var products: URL {
    URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
  }

  func send(_ bytes: [UInt8]) throws {
    try input.fileHandleForWriting.write(contentsOf: Data(bytes))
  }

  /// Sends bytes as a request, and waits for the response.
  func answer(toRequest bytes: [UInt8]) throws -> ConformanceResponse {
    try send(framed(bytes))
    return try nextResponse()
  }

  func nextResponse() throws -> ConformanceResponse {
    let length = try receive(4).reversed().reduce(0) { $0 << 8 | Int($1) }
    return try ConformanceResponse(wireBytes: receive(length))
  }

  func answer(_ build: (inout ConformanceRequest) -> Void) throws -> ConformanceResponse.OneOf_Result? {
    try answer(toRequest: ConformanceRequest.with(build).wireBytes()).result
  }

  /// Closes the program's input. Returns what is left of its output, and its exit status.
  func finish() throws -> (rest: [UInt8], status: Int32) {
    try input.fileHandleForWriting.close()
    let rest = [UInt8](try output.fileHandleForReading.readToEnd() ?? Data())
    process.waitUntilExit()
    return (rest, process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus)
  }

  private func receive(_ count: Int) throws -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count {
      guard let part = try output.fileHandleForReading.read(upToCount: count - bytes.count), !part.isEmpty else {
        throw EndOfOutput()
      }
      bytes += part
    }
    return bytes
  }

  struct EndOfOutput: Error {}
}

/// With the length before it.
func framed(_ bytes: [UInt8]) -> [UInt8] {
  (0..<4).map { UInt8(truncatingIfNeeded: bytes.count >> (8 * $0)) } + bytes
}
