/// Which fields of a user an update changes.
/// https://google.aip.dev/134 and https://google.aip.dev/161
struct UpdateMask: Sendable, Hashable, ExpressibleByArrayLiteral {
  private var fields: UInt8
  /// The labels that are changed one by one.
  private(set) var labelKeys: Set<String> = []

  private init(fields: UInt8) { self.fields = fields }

  init(arrayLiteral elements: UpdateMask...) {
    self.init(fields: elements.reduce(0) { $0 | $1.fields })
  }

  static let email = UpdateMask(fields: 1)
  static let name = UpdateMask(fields: 2)
  static let labels = UpdateMask(fields: 4)
  static let all: UpdateMask = [.email, .name, .labels]

  /// Whether the mask has all fields of another one.
  func contains(_ other: UpdateMask) -> Bool { fields & other.fields == other.fields }

  /// The mask without the email.
  var withoutEmail: UpdateMask {
    var mask = self
    mask.fields &= ~Self.email.fields
    return mask
  }

  /// Adds the fields of another mask.
  mutating func insert(_ other: UpdateMask) { fields |= other.fields }

  /// Reads the paths of a mask. In proto3, a mask without paths can't be told apart from a missing mask, so it means
  /// the same: the fields that are not empty.
  ///
  /// `labels` replaces all labels, `labels.KEY` one; both together are refused.
  /// - Parameter populated: the mutable fields that are not empty in the request.
  static func parse(
    _ paths: [String], populated: UpdateMask, field: String, into violations: inout FieldViolations
  ) -> UpdateMask {
    if paths.isEmpty { return populated }
    var mask: UpdateMask = []
    for (index, path) in paths.enumerated() {
      switch path {
      case "email": mask.insert(.email)
      case "name": mask.insert(.name)
      case "labels": mask.insert(.labels)
      case "*":
        mask = .all
        if paths.count > 1 {
          violations.add("\(field).paths[\(index)]", .invalidFormat, "must stand alone when it is *")
        }
      case "id", "state", "create_time", "update_time", "delete_time", "purge_time", "etag":
        violations.add(
          "\(field).paths[\(index)]", .immutableField, "must not name \(path), which only the server sets")
      case _ where path.utf8.starts(with: "labels.".utf8):
        guard case .label(let key) = FieldPath(path) else {
          violations.add(
            "\(field).paths[\(index)]", .unknownField, "must name a label as labels.KEY, or with the key in backticks")
          continue
        }
        mask.labelKeys.insert(key)
        if mask.labelKeys.count == FieldRules.maximumLabels * 2 + 1 {
          violations.add("\(field).paths", .tooMany, "must not name more than \(FieldRules.maximumLabels * 2) labels")
        }
      default:
        violations.add("\(field).paths[\(index)]", .unknownField, "must be one of email, name, labels, labels.KEY or *")
      }
    }
    if mask.contains(.labels), !mask.labelKeys.isEmpty {
      violations.add("\(field).paths", .invalidFormat, "must not have both all labels and single ones")
    }
    return mask
  }
}
