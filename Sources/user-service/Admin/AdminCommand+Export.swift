import ArgumentParser
import Glibc
import RPCCore
import ProtoWire
import UserAPI

extension AdminCommand {
  /// All users into a file.
  struct Export: AdminSubcommand {
    static let configuration = CommandConfiguration(
      commandName: "export",
      abstract: "Write all users to a file, in the order of their ids.",
      discussion: """
        If it was interrupted, --resume goes on behind the last whole line of the file. Users that were changed or \
        deleted meanwhile stay in the file as they were.
        """)
    @Argument(help: "The file; - is standard output.") var file = "-"
    @Option(help: "ndjson or csv.") var format = UserFormat.ndjson
    @Flag(help: "Write deleted users too.") var showDeleted = false
    @Flag(help: "Go on where an interrupted export of the same file stopped.") var resume = false
    @OptionGroup var connection: AdminOptions

    func work() throws -> @Sendable (AdminConnection) async throws -> Void {
      guard !resume || file != "-" else { throw ValidationError("--resume needs a file.") }
      return { [file, format, showDeleted, resume] admin in
        let output = try ExportFile(file, format, resume: resume, admin)
        defer { output.close() }
        var progress = ProgressLine(unit: "users")
        defer { progress.finish() }
        var count = 0
        let request = ExportUsersRequest.with { $0.showDeleted = showDeleted }
        for try await user in admin.users.exportUsers(request, options: admin.endless) {
          // Ids of the same length in lower case have the order of their bytes.
          if let last = output.last, user.id <= last { continue }
          try output.write(format.line(user, admin.transcoder))
          count += 1
          progress.update(count, share: nil)
        }
        try output.flush()
        progress.finish()
        Output.line("Exported \(count) user(s).", to: STDERR_FILENO)
      }
    }
  }
}

/// The file of an export, which may be half written.
private final class ExportFile {
  private let path: String
  private let descriptor: Int32
  private var buffer: [UInt8] = []
  /// The id of the last user that the file has.
  private(set) var last: String?

  init(_ path: String, _ format: UserFormat, resume: Bool, _ admin: AdminConnection) throws {
    self.path = path
    var end = 0
    if resume { (last, end) = try Self.lastUser(path, format, admin) }
    let flags = O_WRONLY | O_CREAT | O_CLOEXEC | (resume ? 0 : O_TRUNC)
    // Personal data: nobody else of the machine may read it.
    descriptor = path == "-" ? STDOUT_FILENO : open(path, flags, 0o600)
    guard descriptor >= 0 else { throw AdminFailure.file(path, "open") }
    if resume, ftruncate(descriptor, off_t(end)) != 0 || lseek(descriptor, 0, SEEK_END) < 0 {
      throw AdminFailure.file(path, "truncate")
    }
    if end == 0, let head = format.head { try write(head) }
  }

  func write(_ line: String) throws {
    buffer += Array(line.utf8)
    buffer.append(UInt8(ascii: "\n"))
    if buffer.count >= 1 << 16 { try flush() }
  }

  func flush() throws {
    var rest = buffer[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count > 0 { rest = rest.dropFirst(count) } else if errno != EINTR { throw AdminFailure.file(path, "write") }
    }
    buffer.removeAll(keepingCapacity: true)
  }

  func close() { if descriptor != STDOUT_FILENO { _ = Glibc.close(descriptor) } }

  /// The id of the last user that is whole, and where its line ends.
  private static func lastUser(
    _ path: String, _ format: UserFormat, _ admin: AdminConnection
  ) throws -> (String?, Int) {
    guard access(path, F_OK) == 0 else { return (nil, 0) }
    var reader = try RecordReader(path, hasQuotes: format == .csv)
    defer { reader.close() }
    var (last, end): (String?, Int) = (nil, 0)
    while let record = try reader.next(), record.isWhole {
      end = record.end
      if format == .csv {
        if record.number > 1 { last = CSV.fields(record.bytes)?.first }
      } else {
        last = try User(json: String(decoding: record.bytes, as: UTF8.self), admin.transcoder).id
      }
    }
    return (last, end)
  }
}
