/// A parameter of a statement, sent in the binary format of its type.
///
/// Text is sent as text without a type, so that it fits whatever type the statement expects: text, jsonb, enums.
public enum PostgresValue: Sendable, Hashable {
  case null
  case bool(Bool)
  case int16(Int16)
  case int32(Int32)
  case int64(Int64)
  case double(Double)
  /// Without NUL, which Postgres cannot store.
  case text(String)
  /// bytea
  case bytes([UInt8])
  /// The 128 bits, big endian: the first eight bytes, then the others.
  case uuid(UInt64, UInt64)
  /// timestamptz: microseconds since the Unix epoch. `Int64.max` is infinity, `Int64.min` is -infinity.
  case timestamp(Int64)
  /// text[]
  case textArray([String])
  /// uuid[]: each the 128 bits as a number.
  case uuidArray([UInt128])

  /// The type that the statement is prepared with. 0: Postgres infers it from the statement.
  var typeOID: UInt32 {
    switch self {
    case .null, .text: 0
    case .bool: OID.bool
    case .int16: OID.int2
    case .int32: OID.int4
    case .int64: OID.int8
    case .double: OID.float8
    case .bytes: OID.bytea
    case .uuid: OID.uuid
    case .timestamp: OID.timestamptz
    case .textArray: OID.textArray
    case .uuidArray: OID.uuidArray
    }
  }

  var isNull: Bool {
    if case .null = self { true } else { false }
  }
}

extension PostgresValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByNilLiteral {
  /// A `text` parameter.
  public init(stringLiteral value: String) { self = .text(value) }
  /// A `bool` parameter.
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  /// NULL.
  public init(nilLiteral: ()) { self = .null }
}

/// Object identifiers of the built-in types: fixed in Postgres's catalogue (pg_type.dat).
enum OID {
  static let bool: UInt32 = 16
  static let bytea: UInt32 = 17
  static let name: UInt32 = 19
  static let int8: UInt32 = 20
  static let int2: UInt32 = 21
  static let int4: UInt32 = 23
  static let text: UInt32 = 25
  static let oid: UInt32 = 26
  static let json: UInt32 = 114
  static let float4: UInt32 = 700
  static let float8: UInt32 = 701
  static let textArray: UInt32 = 1009
  static let bpchar: UInt32 = 1042
  static let varchar: UInt32 = 1043
  static let varcharArray: UInt32 = 1015
  static let timestamptz: UInt32 = 1184
  static let uuid: UInt32 = 2950
  static let uuidArray: UInt32 = 2951
  static let jsonb: UInt32 = 3802
}

/// Postgres counts time from 2000-01-01, this client from 1970-01-01.
enum PostgresEpoch {
  static let microseconds: Int64 = 946_684_800_000_000
}
