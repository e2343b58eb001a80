import ProtoWire

/// Where a field's value is in the bytes of a message, and how it is written.
/// https://protobuf.dev/programming-guides/encoding/
final class WireField: Sendable {
  enum Form: Sendable {
    case bool, int32, sint32, fixed32, unsigned32, unsignedFixed32
    case int64, sint64, fixed64, unsigned64, unsignedFixed64
    case float, double, string, bytes, dateTime
    case enumeration([Int32: String])
    /// The type of its fields is that of the plan.
    case message
    /// ProtoJSON's value of the field, whatever it is.
    case json
  }

  let number: UInt32
  let form: Form
  let isRepeated: Bool
  /// Absent is null, and not the default value.
  let hasPresence: Bool
  /// For `Form.json`: the message and the name of the field in its JSON.
  let message: String
  let jsonName: String
  /// What ProtoJSON leaves out where the field is empty.
  let emptyJSON: StaticString

  init(_ field: ContractField, _ form: Form, in message: String) {
    number = UInt32(bitPattern: field.number)
    self.form = form
    isRepeated = field.isRepeated
    hasPresence = field.hasPresence
    self.message = message
    jsonName = field.jsonName
    emptyJSON = field.isMap ? "{}" : field.isRepeated ? "[]" : "null"
  }

  /// A repeated field is read element by element.
  var isList: Bool { if case .json = form { false } else { isRepeated } }
}

/// Where the value of a field comes from.
enum FieldSource: Sendable {
  /// Of a schema that only describes.
  case nothing
  case typename
  case introspection
  /// `_service`
  case service
  /// `_entities`
  case entities
  case wire(WireField)
  case call(MethodBinding)
  case page(PagePart)
}

/// The fields of a connection and of what is in it. https://relay.dev/graphql/connections.htm
enum PagePart: Sendable {
  case edges, nodes, pageInfo, cursor, node, hasNextPage, hasPreviousPage, startCursor, endCursor
}
