import ProtoWire
import UserAPI

/// Which fields of a user a read returns. https://google.aip.dev/157
struct ReadMask: Sendable, Hashable {
  private struct Fields: OptionSet, Sendable, Hashable {
    let rawValue: UInt16

    static let id = Fields(rawValue: 1)
    static let email = Fields(rawValue: 2)
    static let name = Fields(rawValue: 4)
    static let labels = Fields(rawValue: 8)
    static let state = Fields(rawValue: 16)
    static let createTime = Fields(rawValue: 32)
    static let updateTime = Fields(rawValue: 64)
    static let deleteTime = Fields(rawValue: 128)
    static let purgeTime = Fields(rawValue: 256)
    static let etag = Fields(rawValue: 512)
    static let all = Fields(rawValue: 1023)
  }

  /// More paths than a user has fields and labels are a mistake.
  static let maximumPaths = 100

  private static let names: [String: Fields] = [
    "*": .all, "id": .id, "email": .email, "name": .name, "labels": .labels, "state": .state,
    "create_time": .createTime, "update_time": .updateTime, "delete_time": .deleteTime, "purge_time": .purgeTime,
    "etag": .etag,
  ]

  private var fields: Fields = []
  private var labelKeys: Set<String> = []

  /// Reads a mask. Nil if all fields are to be returned, which then costs nothing: the mask is absent, has no paths or
  /// names `*`.
  static func parse(
    _ mask: Google_Protobuf_FieldMask?, field: String, keepsID: Bool = false, into violations: inout FieldViolations
  ) -> ReadMask? {
    guard let paths = mask?.paths, !paths.isEmpty else { return nil }
    guard paths.count <= maximumPaths else {
      violations.add("\(field).paths", .tooMany, "must not have more than \(maximumPaths) paths")
      return nil
    }
    var mask = ReadMask()
    for (index, path) in paths.enumerated() {
      switch FieldPath(path) {
      case .label(let key): mask.labelKeys.insert(key)
      case .field(let name):
        if let fields = names[name] {
          mask.fields.formUnion(fields)
        } else {
          violations.add("\(field).paths[\(index)]", .unknownField, "must be a field of User, labels.KEY or *")
        }
      case nil:
        violations.add(
          "\(field).paths[\(index)]", .unknownField, "must name a label as labels.KEY, or with the key in backticks")
      }
    }
    if keepsID { mask.fields.insert(.id) }
    return mask.fields == .all ? nil : mask
  }

  /// The user with only these fields.
  func apply(to user: User) -> User {
    var masked = User()
    if fields.contains(.id) { masked.id = user.id }
    if fields.contains(.email) { masked.email = user.email }
    if fields.contains(.name) { masked.name = user.name }
    if fields.contains(.labels) {
      masked.labels = user.labels
    } else if !labelKeys.isEmpty {
      masked.labels = user.labels.filter { labelKeys.contains($0.key) }
    }
    if fields.contains(.state) { masked.state = user.state }
    if fields.contains(.createTime) { masked.createTime = user.createTime }
    if fields.contains(.updateTime) { masked.updateTime = user.updateTime }
    if fields.contains(.deleteTime) { masked.deleteTime = user.deleteTime }
    if fields.contains(.purgeTime) { masked.purgeTime = user.purgeTime }
    if fields.contains(.etag) { masked.etag = user.etag }
    return masked
  }
}

extension User {
  /// The message for a stored user, with the fields of a mask.
  init(_ record: UserRecord, _ mask: ReadMask?) {
    self.init(record)
    if let mask { self = mask.apply(to: self) }
  }
}
