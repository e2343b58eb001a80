import Glibc

/// Reads a whole file, before anything else runs: it blocks.
enum SmallFile {
  struct Fault: Error {
    /// Which file, and why.
    let message: String
  }

  /// - Parameter limit: the most bytes; a larger file is none that this is for.
  static func read(_ path: String, limit: Int) throws(Fault) -> [UInt8] {
    func fault(_ call: String) -> Fault { Fault(message: "\(path): \(call): \(String(cString: strerror(errno)))") }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw fault("open") }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = Glibc.read(descriptor, &part, part.count)
      if count == 0 { return bytes }
      if count < 0 {
        if errno == EINTR { continue }
        throw fault("read")
      }
      bytes += part.prefix(count)
      guard bytes.count <= limit else { throw Fault(message: "\(path): it has more than \(limit) bytes") }
    }
  }
}
