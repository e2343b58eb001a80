import Glibc

/// Holds the parameters of the statement that a connection is about to send, with the three arrays that libpq takes. It
/// is reused, so that a query allocates nothing for its parameters.
final class ParameterBuffer {
  private(set) var values: UnsafeMutablePointer<UnsafePointer<CChar>?>
  private(set) var lengths: UnsafeMutablePointer<Int32>
  private(set) var formats: UnsafeMutablePointer<Int32>
  private var capacity: Int
  private var bytes: UnsafeMutableRawPointer
  private var byteCapacity: Int
  /// A buffer that has become larger than this is freed after use.
  private static let keptBytes = 1 << 16
  /// The most that the protocol's Bind message can count: an Int16, read as unsigned.
  static let maximumCount = 65_535

  init() {
    capacity = 16
    byteCapacity = 1024
    values = .allocate(capacity: capacity)
    lengths = .allocate(capacity: capacity)
    formats = .allocate(capacity: capacity)
    bytes = .allocate(byteCount: byteCapacity, alignment: 8)
  }

  deinit {
    values.deallocate()
    lengths.deallocate()
    formats.deallocate()
    bytes.deallocate()
  }

  /// Writes the parameters. The three arrays are valid until the next call.
  func encode(_ parameters: [PostgresValue]) throws(PostgresError) {
    guard parameters.count <= Self.maximumCount else {
      throw PostgresError(.invalidParameter, "A statement takes at most \(Self.maximumCount) parameters.")
    }
    var size = 0
    for (index, parameter) in parameters.enumerated() { size += try Self.size(of: parameter, at: index) }
    reserve(parameters.count, size)
    var end = bytes
    for (index, parameter) in parameters.enumerated() {
      formats[index] = 1
      guard !parameter.isNull else {
        values[index] = nil
        lengths[index] = 0
        continue
      }
      if case .text = parameter { formats[index] = 0 }
      let start = end
      try Self.write(parameter, at: index, to: &end)
      values[index] = UnsafePointer(start.assumingMemoryBound(to: CChar.self))
      lengths[index] = Int32(clamping: end - start)
    }
  }

  private func reserve(_ count: Int, _ size: Int) {
    if count > capacity {
      capacity = count
      values.deallocate()
      lengths.deallocate()
      formats.deallocate()
      values = .allocate(capacity: capacity)
      lengths = .allocate(capacity: capacity)
      formats = .allocate(capacity: capacity)
    }
    if size > byteCapacity || (byteCapacity > Self.keptBytes && size <= Self.keptBytes) {
      byteCapacity = max(size, 1024)
      bytes.deallocate()
      bytes = .allocate(byteCount: byteCapacity, alignment: 8)
    }
  }

  /// At most a gigabyte: more is refused by the server anyway, and libpq counts in Int32.
  private static let maximumSize = 1 << 30

  private static func size(of parameter: PostgresValue, at index: Int) throws(PostgresError) -> Int {
    let size =
      switch parameter {
      case .null: 0
      case .bool: 1
      case .int16: 2
      case .int32: 4
      case .int64, .double, .timestamp: 8
      case .uuid: 16
      case .text(let text): text.utf8.count + 1
      case .bytes(let bytes): bytes.count
      case .textArray(let elements): elements.reduce(20) { $0 + 4 + $1.utf8.count }
      case .uuidArray(let elements): 20 + elements.count * 20
      }
    guard size <= maximumSize else { throw refused(index, "is larger than a gigabyte") }
    return size
  }

  private static func write(
    _ parameter: PostgresValue, at index: Int, to end: inout UnsafeMutableRawPointer
  ) throws(PostgresError) {
    switch parameter {
    case .null: break
    case .bool(let value): store(value ? 1 as UInt8 : 0, &end)
    case .int16(let value): store(value, &end)
    case .int32(let value): store(value, &end)
    case .int64(let value): store(value, &end)
    case .double(let value): store(value.bitPattern, &end)
    case .uuid(let high, let low):
      store(high, &end)
      store(low, &end)
    case .timestamp(let value): store(try postgresTime(value, index), &end)
    case .bytes(let value):
      value.withUnsafeBytes { append($0, &end) }
    case .text(let text):
      try write(text, index, &end)
      store(0 as UInt8, &end)
    case .textArray(let elements):
      beginArray(of: OID.text, elements.count, &end)
      for element in elements {
        store(Int32(clamping: element.utf8.count), &end)
        try write(element, index, &end)
      }
    case .uuidArray(let elements):
      beginArray(of: OID.uuid, elements.count, &end)
      for element in elements {
        store(16 as Int32, &end)
        store(element, &end)
      }
    }
  }

  /// array_recv: dimensions, has-null flag, element type, then size and lower bound of the one dimension.
  private static func beginArray(of type: UInt32, _ count: Int, _ end: inout UnsafeMutableRawPointer) {
    store(count == 0 ? 0 as Int32 : 1, &end)
    store(0 as Int32, &end)
    store(type, &end)
    if count == 0 { return }
    store(Int32(clamping: count), &end)
    store(1 as Int32, &end)
  }

  private static func write(
    _ text: String, _ index: Int, _ end: inout UnsafeMutableRawPointer
  ) throws(PostgresError) {
    var text = text
    let start = end
    text.withUTF8 { append(UnsafeRawBufferPointer($0), &end) }
    guard memchr(start, 0, end - start) == nil else {
      throw refused(index, "contains NUL (U+0000), which Postgres cannot store in text")
    }
  }

  private static func postgresTime(_ value: Int64, _ index: Int) throws(PostgresError) -> Int64 {
    if value == .max || value == .min { return value }
    let (time, overflow) = value.subtractingReportingOverflow(PostgresEpoch.microseconds)
    guard !overflow else { throw refused(index, "is a time before what Postgres can store") }
    return time
  }

  private static func refused(_ index: Int, _ reason: String) -> PostgresError {
    PostgresError(.invalidParameter, "Parameter $\(index + 1) \(reason).", isSafeToRetry: false)
  }

  private static func store(_ value: some FixedWidthInteger, _ end: inout UnsafeMutableRawPointer) {
    end.storeBytes(of: value.bigEndian, as: type(of: value))
    end += MemoryLayout.size(ofValue: value)
  }

  private static func append(_ source: UnsafeRawBufferPointer, _ end: inout UnsafeMutableRawPointer) {
    guard let base = source.baseAddress else { return }
    end.copyMemory(from: base, byteCount: source.count)
    end += source.count
  }
}
