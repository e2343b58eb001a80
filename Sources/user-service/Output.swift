import Glibc

/// Writes lines for people and scripts at once, without a buffer that could be lost when the process ends.
enum Output {
  static func line(_ text: String, to descriptor: Int32 = STDOUT_FILENO) {
    write(Array((text + "\n").utf8), to: descriptor)
  }

  static func write(_ bytes: [UInt8], to descriptor: Int32 = STDOUT_FILENO) {
    var bytes = bytes[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count > 0 { bytes = bytes.dropFirst(count) } else if errno != EINTR { return }
    }
  }
}
