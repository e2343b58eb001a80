/// Why bytes could not be decoded as a message, and in which field.
///
/// ```swift
/// do {
///   shape = try Shape(wireBytes: [0x0a, 0x02, 0x61])
/// } catch {
///   error.code         // .truncated
///   error.path         // one element: Shape, field 1, "name"
///   error.description  // "example.Shape.name: the input ends inside a field"
/// }
/// ```
public struct WireError: Error, Hashable, Sendable {
  /// What is wrong.
  ///
  /// ```swift
  /// if error.code == .depthExceeded { … }
  /// ```
  public struct Code: Hashable, Sendable {
    private enum Kind: UInt8 {
      case truncated, malformedVarint, invalidTag, invalidWireType, unbalancedGroup, invalidUTF8, depthExceeded
      case missingRequiredField
    }

    private let kind: Kind

    private init(_ kind: Kind) {
      self.kind = kind
    }

    /// The input ends inside a field, a length is greater than what is left, or packed bytes end inside a value.
    public static let truncated = Code(.truncated)
    /// A varint is longer than ten bytes or greater than 2^64 - 1.
    public static let malformedVarint = Code(.malformedVarint)
    /// A field number is zero or greater than 2^29 - 1.
    public static let invalidTag = Code(.invalidTag)
    /// A wire type is 6 or 7.
    public static let invalidWireType = Code(.invalidWireType)
    /// A group has an end tag without a start tag, or no end tag.
    public static let unbalancedGroup = Code(.unbalancedGroup)
    /// A string is not UTF-8.
    public static let invalidUTF8 = Code(.invalidUTF8)
    /// Messages or groups are nested deeper than `WireDecodingOptions.depthLimit`.
    public static let depthExceeded = Code(.depthExceeded)
    /// The input is well-formed and lacks a field that proto2 declares `required`.
    public static let missingRequiredField = Code(.missingRequiredField)
  }

  /// One step from the outermost message to the fault.
  ///
  /// ```swift
  /// let fields = error.path.map { $0.fieldName ?? String($0.fieldNumber) }  // ["outline", "name"]
  /// ```
  public struct PathElement: Hashable, Sendable {
    /// Full name of the message, such as `users.v1.User`.
    public let message: String
    /// Number of the field; 0 if the fault is in the tag itself.
    public let fieldNumber: UInt32
    /// The field's name in the .proto file, if the message has such a field.
    public let fieldName: String?
  }

  /// What is wrong, for programs.
  public let code: Code

  /// From the outermost message to the field at fault.
  ///
  /// ```swift
  /// error.path.last?.fieldName  // "name"
  /// ```
  public internal(set) var path: [PathElement] = []

  @usableFromInline
  init(_ code: Code) {
    self.code = code
  }

  /// The same error, found inside a field of `message`.
  @usableFromInline @inline(never)
  func located(in message: any WireMessage.Type, field number: UInt32) -> WireError {
    var error = self
    let element = PathElement(
      message: message.messageName, fieldNumber: number, fieldName: message.fieldName(of: number))
    error.path.insert(element, at: 0)
    return error
  }
}

extension WireError: CustomStringConvertible {
  /// One sentence for developers, such as `users.v1.User.email: a string is not UTF-8`. Never holds input bytes.
  public var description: String {
    guard let root = path.first else { return code.description }
    var text = root.message
    for element in path {
      text += "."
      text += element.fieldName ?? String(element.fieldNumber)
    }
    return text + ": " + code.description
  }
}

extension WireError.Code: CustomStringConvertible {
  /// What is wrong, without where.
  public var description: String {
    switch kind {
    case .truncated: "the input ends inside a field"
    case .malformedVarint: "a varint is longer than 64 bits"
    case .invalidTag: "a field number is out of range"
    case .invalidWireType: "a field has an impossible wire type"
    case .unbalancedGroup: "a group is not closed, or closed but not open"
    case .invalidUTF8: "a string is not UTF-8"
    case .depthExceeded: "messages are nested too deep"
    case .missingRequiredField: "a required field is missing"
    }
  }
}
