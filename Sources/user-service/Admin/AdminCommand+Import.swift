import ArgumentParser
import Glibc
import Primitives
import RPCCore
import ProtoWire
import UserAPI

extension AdminCommand {
  /// Users from a file.
  struct Import: AdminSubcommand {
    static let configuration = CommandConfiguration(
      commandName: "import",
      abstract: "Create the users of a file.",
      discussion: """
        A line of JSON for each user, as `export` writes it, or a table (--format csv) with a head that names its \
        columns: email, and perhaps id, name, labels (a JSON object), password_hash. What the server sets is ignored.
        A user whose id or email is taken is left as it is. A row that fails is reported on standard error, with its \
        number, and the others go on. If the import is interrupted, --resume goes on where it stopped: FILE.resume \
        says where.
        """)
    @Argument(help: "The file; - is standard input.") var file: String
    @Option(help: "ndjson or csv.") var format = UserFormat.ndjson
    @Option(help: ArgumentHelp("How many users are created at the same time.", valueName: "count")) var parallel = 32
    @Flag(help: "Go on where an interrupted import of the same file stopped.") var resume = false
    @OptionGroup var connection: AdminOptions

    func work() throws -> @Sendable (AdminConnection) async throws -> Void {
      guard (1...256).contains(parallel) else { throw ValidationError("--parallel must be from 1 to 256.") }
      guard !resume || file != "-" else { throw ValidationError("--resume needs a file.") }
      return { [file, format, parallel, resume] admin in
        var run = try ImportRun(file, format, resume: resume)
        let outcome = try await run.run(admin, parallel: parallel)
        Output.line("Imported: \(outcome)", to: STDERR_FILENO)
        if outcome.failed > 0 { throw ExitStatus.rowsFailed }
      }
    }
  }

  private enum ExitStatus {
    static let rowsFailed = AdminFailure(message: "Rows have failed: see above.", code: 1)
  }
}

/// How many rows came to what.
struct ImportOutcome: Sendable, CustomStringConvertible {
  var created = 0
  var existing = 0
  var failed = 0

  var description: String { "\(created) created, \(existing) existed already, \(failed) failed." }
}

/// An import under way.
private struct ImportRun {
  /// What came of a row.
  private enum Result: Sendable {
    case created
    case existing
    case failed(String)
  }

  private let path: String
  private let format: UserFormat
  private var reader: RecordReader
  private var columns: [String] = []
  private var outcome = ImportOutcome()
  /// Where the rows begin that are not done yet, by their numbers.
  private var open: [Int: Int] = [:]
  private var lastNote: UInt64 = 0

  init(_ path: String, _ format: UserFormat, resume: Bool) throws(AdminFailure) {
    self.path = path
    self.format = format
    reader = try RecordReader(path, hasQuotes: format == .csv)
    if format == .csv { columns = try Self.head(&reader, path) }
    guard resume else { return }
    guard let place = ResumePlace(path) else {
      throw AdminFailure(message: "\(path).resume is not there: nothing was interrupted.", code: 66)
    }
    reader.close()
    reader = try RecordReader(path, hasQuotes: format == .csv, offset: place.offset, count: place.count)
  }

  private static func head(_ reader: inout RecordReader, _ path: String) throws(AdminFailure) -> [String] {
    guard let record = try reader.next(), var columns = CSV.fields(record.bytes) else {
      throw AdminFailure(message: "\(path) has no head.", code: 65)
    }
    // A mark that some programs write before UTF-8.
    if columns.first?.unicodeScalars.first == "\u{feff}" {
      columns[0] = String(columns[0].unicodeScalars.dropFirst())
    }
    if let unknown = columns.first(where: { !ImportRow.columns.contains($0) }) {
      throw AdminFailure(
        message: "\(path) has a column '\(unknown)'; known are \(ImportRow.columns.sorted().joined(separator: ", ")).",
        code: 65)
    }
    guard columns.contains("email") else { throw AdminFailure(message: "\(path) has no column 'email'.", code: 65) }
    return columns
  }

  mutating func run(_ admin: AdminConnection, parallel: Int) async throws -> ImportOutcome {
    var progress = ProgressLine(unit: "rows")
    defer {
      progress.finish()
      reader.close()
    }
    try await withThrowingTaskGroup(of: (Int, Result).self) { group in
      var isAtEnd = false
      while !isAtEnd || !open.isEmpty {
        while !isAtEnd, open.count < parallel {
          guard let record = try reader.next() else {
            isAtEnd = true
            break
          }
          let row = row(record, admin)
          open[record.number] = record.start
          group.addTask { (record.number, try await Self.create(row, admin)) }
        }
        guard let (number, result) = try await group.next() else { break }
        open[number] = nil
        count(number, result)
        progress.update(outcome.created + outcome.existing + outcome.failed, share: share)
        notePlace()
      }
    }
    ResumePlace.remove(path)
    return outcome
  }

  private var share: Double? { reader.size > 0 ? Double(reader.offset) / Double(reader.size) : nil }

  private func row(_ record: RecordReader.Record, _ admin: AdminConnection) -> Swift.Result<ImportRow, ImportRow.Fault>
  {
    Swift.Result { () throws(ImportRow.Fault) in
      guard format == .csv else { return try ImportRow(json: record.bytes, admin.transcoder) }
      guard let fields = CSV.fields(record.bytes) else { throw ImportRow.Fault(message: "has quotes at a wrong place") }
      return try ImportRow(fields: fields, columns: columns, admin.transcoder)
    }
  }

  private mutating func count(_ number: Int, _ result: Result) {
    switch result {
    case .created: outcome.created += 1
    case .existing: outcome.existing += 1
    case .failed(let reason):
      outcome.failed += 1
      Output.line("\(path): row \(number) \(reason)", to: STDERR_FILENO)
    }
  }

  /// Once a second: what stands before is done.
  private mutating func notePlace() {
    let now = MonotonicClock.nanoseconds
    guard path != "-", now - lastNote >= 1_000_000_000 else { return }
    lastNote = now
    let next = open.min { $0.key < $1.key }
    ResumePlace(offset: next?.value ?? reader.offset, count: next.map { $0.key - 1 } ?? reader.count).save(path)
  }

  /// - Throws: what is wrong with the server, not with the row.
  private static func create(
    _ row: Swift.Result<ImportRow, ImportRow.Fault>, _ admin: AdminConnection
  ) async throws -> Result {
    let found: ImportRow
    switch row {
    case .success(let row): found = row
    case .failure(let fault): return .failed(fault.message)
    }
    do {
      let user = try await repeating { try await admin.users.createUser(found.request, options: admin.options) }
      if !found.passwordHash.isEmpty { try await setPassword(of: user.id, found, admin) }
      return .created
    } catch let error as RPCError {
      switch error.code {
      case .alreadyExists:
        try await completePassword(found, admin)
        return .existing
      case .invalidArgument: return .failed("is refused: \(admin.describe(error))")
      default: throw error
      }
    }
  }

  private static func setPassword(of id: String, _ row: ImportRow, _ admin: AdminConnection) async throws {
    let request = SetPasswordRequest.with {
      $0.userID = id
      $0.credential = .passwordHash(row.passwordHash)
    }
    _ = try await repeating { try await admin.accounts.setPassword(request, options: admin.options) }
  }

  /// An interrupted import may have created the user without its password.
  private static func completePassword(_ row: ImportRow, _ admin: AdminConnection) async throws {
    guard !row.passwordHash.isEmpty, let email = row.request.user?.email,
      let user = try? await admin.user(email), row.request.userID.isEmpty || row.request.userID == user.id
    else { return }
    let account = try await admin.accounts.getAccount(.with { $0.userID = user.id }, options: admin.options)
    if !account.hasPassword { try await setPassword(of: user.id, row, admin) }
  }

  /// Makes a call again that a server could not take for the moment.
  private static func repeating<T: Sendable>(_ call: () async throws -> T) async throws -> T {
    var backoff = Backoff(first: .milliseconds(200), limit: .seconds(5))
    var random = SystemRandomNumberGenerator()
    for _ in 0..<6 {
      do {
        return try await call()
      } catch {
        let code = (error as? RPCError)?.code
        guard code == .unavailable || code == .resourceExhausted || code == .aborted else { throw error }
      }
      try await Task.sleep(for: backoff.next(using: &random))
    }
    return try await call()
  }
}

/// Where an interrupted import goes on: a file beside the imported one.
private struct ResumePlace {
  let offset: Int
  let count: Int

  init(offset: Int, count: Int) {
    self.offset = offset
    self.count = count
  }

  init?(_ path: String) {
    let descriptor = Glibc.open(Self.name(path), O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { _ = Glibc.close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 64)
    let count = Glibc.read(descriptor, &bytes, bytes.count)
    let words = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self).split { $0 == " " || $0 == "\n" }
    guard words.count == 2, let offset = Int(words[0]), let rows = Int(words[1]), offset >= 0 else { return nil }
    self.init(offset: offset, count: rows)
  }

  /// Whole or not at all.
  func save(_ path: String) {
    let temporary = Self.name(path) + ".new"
    let descriptor = Glibc.open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return }
    Output.write(Array("\(offset) \(count)\n".utf8), to: descriptor)
    _ = Glibc.close(descriptor)
    _ = rename(temporary, Self.name(path))
  }

  static func remove(_ path: String) { if path != "-" { _ = unlink(name(path)) } }

  private static func name(_ path: String) -> String { path + ".resume" }
}
