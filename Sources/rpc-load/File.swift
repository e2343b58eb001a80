import ArgumentParser
import Glibc

/// Files as a whole.
enum File {
  /// - Parameters:
  ///   - path: nil: standard input.
  ///   - option: which option named it, for the error.
  static func bytes(_ path: String?, _ option: String) throws -> [UInt8] {
    let descriptor = path.map { open($0, O_RDONLY | O_CLOEXEC) } ?? STDIN_FILENO
    guard descriptor >= 0 else { throw problem(path, option) }
    defer { if path != nil { close(descriptor) } }
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = read(descriptor, &part, part.count)
      if count > 0 {
        bytes += part.prefix(count)
      } else if count == 0 {
        return bytes
      } else if errno != EINTR {
        throw problem(path, option)
      }
    }
  }

  static func text(_ path: String?, _ option: String) throws -> String {
    guard let text = String(validating: try bytes(path, option), as: UTF8.self) else {
      throw ValidationError("\(option): \(path ?? "standard input") is not UTF-8.")
    }
    return text
  }

  /// Writes all of a file, in place of what it had; nil is standard output.
  static func write(_ text: String, to path: String?) throws {
    let descriptor = path.map { open($0, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644) } ?? STDOUT_FILENO
    guard descriptor >= 0 else { throw problem(path, "--output") }
    defer { if path != nil { close(descriptor) } }
    try write(Array(text.utf8), to: descriptor, path)
  }

  static func say(_ text: String) { try? write(Array(text.utf8), to: STDERR_FILENO, nil) }

  private static func write(_ bytes: [UInt8], to descriptor: Int32, _ path: String?) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count > 0 { rest = rest.dropFirst(count) } else if errno != EINTR { throw problem(path, "--output") }
    }
  }

  private static func problem(_ path: String?, _ option: String) -> ValidationError {
    ValidationError("\(option): \(path ?? "a standard stream"): \(String(cString: strerror(errno))).")
  }
}
