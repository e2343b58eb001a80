internal import Glibc

/// A directory with a file for each key, `ID.jwk`. Files with other names are ignored.
///
/// Its methods read and write files, so they block: don't call them on the thread of a loop.
public struct KeyDirectory: Sendable {
  /// Where it is.
  public let path: String

  /// The path may name a directory that does not exist yet.
  public init(path: String) { self.path = path }

  /// A key's file is at most this large.
  private static let sizeLimit = 16_384
  private static let suffix = ".jwk"

  /// Reads all keys.
  /// - Throws: `KeyDirectoryFault` if the directory or one of the files can't be read, or a file has no usable key. A
  ///   directory without keys gives an empty set, which is no error.
  public func load() throws(KeyDirectoryFault) -> KeySet {
    var keys: [TokenKey] = []
    for name in try fileNames() { keys.append(try key(in: name)) }
    return KeySet(keys)
  }

  /// The files that everybody may read, not only their owner and group: a secret is not safe in them.
  public func exposedFiles() throws(KeyDirectoryFault) -> [String] {
    var exposed: [String] = []
    for name in try fileNames() {
      var facts = stat()
      if stat("\(path)/\(name)", &facts) == 0, facts.st_mode & S_IROTH != 0 { exposed.append("\(path)/\(name)") }
    }
    return exposed
  }

  /// Writes the file of a new key, which only its owner may read. Makes the directory if there is none.
  /// - Throws: `KeyDirectoryFault`, also if there is a key with this id.
  public func add(_ key: TokenKey) throws(KeyDirectoryFault) {
    if mkdir(path, 0o700) != 0, errno != EEXIST { throw KeyDirectoryFault(path, errno) }
    let temporary = "\(path)/.\(key.id).\(getpid()).new"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw KeyDirectoryFault(temporary, errno) }
    defer { unlink(temporary) }
    let isWritten = Self.write(Array((key.secretJWK() + "\n").utf8), to: descriptor)
    let code = errno
    close(descriptor)
    guard isWritten else { throw KeyDirectoryFault(temporary, code) }
    // Not rename(2), which would replace a key of this name.
    guard link(temporary, file(of: key.id)) == 0 else { throw KeyDirectoryFault(file(of: key.id), errno) }
  }

  /// Deletes the file of a key.
  /// - Throws: `KeyDirectoryFault` if there is none, or it can't be deleted.
  public func remove(id: String) throws(KeyDirectoryFault) {
    guard TokenKey.isValid(id: id) else { throw KeyDirectoryFault(file(of: id), ENOENT) }
    guard unlink(file(of: id)) == 0 else { throw KeyDirectoryFault(file(of: id), errno) }
  }

  private func file(of id: String) -> String { "\(path)/\(id)\(Self.suffix)" }

  private func fileNames() throws(KeyDirectoryFault) -> [String] {
    guard let directory = opendir(path) else { throw KeyDirectoryFault(path, errno) }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if name.hasSuffix(Self.suffix), !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
  }

  private func key(in name: String) throws(KeyDirectoryFault) -> TokenKey {
    let path = "\(path)/\(name)"
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw KeyDirectoryFault(path, errno) }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: Self.sizeLimit)
    var count = 0
    while count < bytes.count {
      let read = bytes.withUnsafeMutableBytes {
        Glibc.read(descriptor, $0.baseAddress.map { $0 + count }, $0.count - count)
      }
      if read < 0, errno == EINTR { continue }
      guard read >= 0 else { throw KeyDirectoryFault(path, errno) }
      if read == 0 { break }
      count += read
    }
    do throws(KeyFault) {
      let key = try TokenKey.parse(jwk: Array(bytes.prefix(count)))
      guard "\(key.id)\(Self.suffix)" == name else { throw .member("kid") }
      return key
    } catch {
      throw KeyDirectoryFault(path: path, reason: "the key \(error)")
    }
  }

  /// Writes all of the bytes, and flushes them to the disk. If it returns false, errno says why.
  private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno != EINTR { return false }
      rest = rest.dropFirst(max(count, 0))
    }
    return fsync(descriptor) == 0
  }
}

/// Why the files of keys can't be used.
public struct KeyDirectoryFault: Error, Sendable, Hashable, CustomStringConvertible {
  /// The file or the directory.
  public let path: String
  /// What is wrong with it. Nothing secret.
  public let reason: String

  init(path: String, reason: String) {
    self.path = path
    self.reason = reason
  }

  init(_ path: String, _ code: Int32) {
    self.init(path: path, reason: String(cString: strerror(code)))
  }

  /// Path and reason.
  public var description: String { "\(path): \(reason)" }
}
