/// Which fields of a user an update changes.
/// https://google.aip.dev/134 and https://google.aip.dev/161
struct UpdateMask: OptionSet, Sendable, Hashable {
  let rawValue: UInt8

  static let email = UpdateMask(rawValue: 1)
  static let name = UpdateMask(rawValue: 2)
  static let labels = UpdateMask(rawValue: 4)
  static let all: UpdateMask = [.email, .name, .labels]

  /// Reads the paths of a mask. In proto3, a mask without paths can't be told apart from a missing mask, so it means
  /// the same: the fields that are not empty.
  ///
  /// Labels are one field: `labels` replaces them all, and a path into them is refused.
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
        violations.add(
          "\(field).paths[\(index)]", .unknownField, "must name labels as a whole: a path into them is not supported")
      default:
        violations.add("\(field).paths[\(index)]", .unknownField, "must be one of email, name, labels or *")
      }
    }
    return mask
  }
}
