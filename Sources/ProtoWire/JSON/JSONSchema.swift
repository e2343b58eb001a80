/// The compiled form of descriptors: flat tables of trivial values, so that a transcoder looks fields up without
/// counting references. Everything is an index into `SchemaTables`.

/// A piece of `SchemaTables.text`.
struct TextRange: BitwiseCopyable {
  var start: UInt32 = 0
  var count: UInt32 = 0
}

/// The type of a field, numbered as google.protobuf.FieldDescriptorProto.Type.
enum FieldKind: UInt8, BitwiseCopyable {
  case double = 1, float, int64, uint64, int32, fixed64, fixed32, bool, string, group, message, bytes, uint32, `enum`
  case sfixed32, sfixed64, sint32, sint64

  var wireType: WireType {
    switch self {
    case .double, .fixed64, .sfixed64: .fixed64
    case .float, .fixed32, .sfixed32: .fixed32
    case .string, .bytes, .message: .delimited
    case .group: .startGroup
    default: .varint
    }
  }

  var isMessage: Bool { self == .message || self == .group }
  var isPackable: Bool { wireType != .delimited && wireType != .startGroup }
}

struct FieldSchema: BitwiseCopyable {
  var number: UInt32 = 0
  var kind = FieldKind.bool
  var isRepeated = false
  var isPacked = false
  var isMap = false
  var hasPresence = false
  var isRequired = false
  var isClosedEnum = false
  /// Whether a string has to be UTF-8 on the wire.
  var isUTF8 = false
  /// Of the message's real oneofs; -1 for none.
  var oneof: Int32 = -1
  /// The message or the enum that is its type.
  var child: Int32 = -1
  /// `"createTime":`
  var jsonKey = TextRange()
  /// `"create_time":`
  var protoKey = TextRange()

  var tag: UInt32 { WireTag.make(number, kind.wireType) }
}

/// Messages whose JSON is not an object of their fields.
enum MessageKind: UInt8, BitwiseCopyable {
  case plain, any, timestamp, duration, fieldMask, structure, value, listValue, wrapper

  init(fullName: String) {
    switch fullName {
    case "google.protobuf.Any": self = .any
    case "google.protobuf.Timestamp": self = .timestamp
    case "google.protobuf.Duration": self = .duration
    case "google.protobuf.FieldMask": self = .fieldMask
    case "google.protobuf.Struct": self = .structure
    case "google.protobuf.Value": self = .value
    case "google.protobuf.ListValue": self = .listValue
    case "google.protobuf.DoubleValue", "google.protobuf.FloatValue", "google.protobuf.Int64Value",
      "google.protobuf.UInt64Value", "google.protobuf.Int32Value", "google.protobuf.UInt32Value",
      "google.protobuf.BoolValue", "google.protobuf.StringValue", "google.protobuf.BytesValue":
      self = .wrapper
    default: self = .plain
    }
  }
}

struct MessageSchema: BitwiseCopyable {
  var kind = MessageKind.plain
  var hasRequired = false
  var isMessageSet = false
  /// In order of their numbers.
  var firstField: Int32 = 0
  var fieldCount: Int32 = 0
  /// Fields of small numbers: `SchemaTables.slots[firstNumber + number]` is the index in the message, or -1.
  var firstNumber: Int32 = 0
  var numberCount: Int32 = 0
  var names = NameTable()
}

struct EnumValueSchema: BitwiseCopyable {
  var number: Int32
  /// `"ACTIVE"`
  var name: TextRange
}

struct EnumSchema: BitwiseCopyable {
  /// google.protobuf.NullValue, whose value is `null`.
  var isNull = false
  var isClosed = false
  var defaultNumber: Int32 = 0
  /// In order of their numbers; of aliases the first.
  var firstValue: Int32 = 0
  var valueCount: Int32 = 0
  /// To numbers, not to indices.
  var names = NameTable()
}

/// A hash table with open addressing: a power of two of entries in `SchemaTables.names`.
struct NameTable: BitwiseCopyable {
  var first: Int32 = 0
  var mask: UInt32 = 0
}

struct NameEntry: BitwiseCopyable {
  var text = TextRange()
  var value: Int32 = 0
  var isUsed = false
}
