/// How a list is read: in one walk along one index, or by one lookup.
/// https://google.aip.dev/160
struct ListPlan: Sendable, Hashable {
  var order: UserOrder
  var states: UserStates
  var range: UserRange?
  var label: UserLabel?
  /// The list has at most the user with this email, if that user passes `filter`.
  var email: EmailAddress?
  /// The whole filter.
  var filter: UserFilter

  /// Reads `filter` and `order_by`. What no index answers is a violation, with the reason.
  /// - Returns: nil if there are violations.
  static func make(
    filter text: String, orderBy: String, showDeleted: Bool, into violations: inout FieldViolations
  ) -> ListPlan? {
    let order = UserOrder(orderBy: orderBy)
    if order == nil {
      violations.add(
        "order_by", .invalidFormat,
        "must be create_time, update_time, email, name or delete_time, followed by desc for the reverse order")
    }
    let filter: UserFilter
    do throws(FilterProblem) {
      filter = try FilterParser.parse(text)
    } catch {
      violations.add("filter", error.reason, error.description)
      return nil
    }
    guard let order else { return nil }
    return make(
      filter, order, isOrderGiven: !orderBy.utf8.allSatisfy { $0 == 0x20 || $0 == 0x09 }, showDeleted, &violations)
  }

  private static func make(
    _ filter: UserFilter, _ order: UserOrder, isOrderGiven: Bool, _ showDeleted: Bool,
    _ violations: inout FieldViolations
  ) -> ListPlan? {
    var plan = ListPlan(
      order: order, states: filter.isDeleted.map { $0 ? .deleted : .live } ?? (showDeleted ? .all : .live),
      filter: filter)
    if let email = filter.email {
      plan.email = email
      if filter.isDeleted == nil, filter.times[.deleteTime] != nil || order.key == .deleteTime {
        plan.states = .deleted
      }
      return plan
    }
    func refuse(_ description: String) -> ListPlan? {
      violations.add("filter", .notIndexed, description)
      return nil
    }
    let ranges = filter.ranges
    if ranges.count > 1 { return refuse("must not have conditions on two of name and the times") }
    if let range = ranges.first {
      if !isOrderGiven { plan.order = UserOrder(range.key) }
      guard plan.order.key == range.key else {
        return refuse("must have a condition on the field of order_by, if it has one on name or a time")
      }
      plan.range = range.range
    }
    if filter.labels.count > 1 { return refuse("must not have conditions on two labels") }
    if let label = filter.labels.first {
      guard plan.order.key == .createTime else {
        return refuse("must have no label in another order than by create_time")
      }
      plan.label = UserLabel(key: label.key, value: label.value)
    }
    if plan.order.key == .deleteTime {
      guard filter.isDeleted != false else { return refuse("must not ask for the delete_time of ACTIVE users") }
      plan.states = .deleted
    }
    return plan
  }

  /// What a page token is bound to beside the order and `show_deleted`; empty without a filter.
  var fingerprint: [UInt8] {
    guard filter != UserFilter() else { return [] }
    var bytes: [UInt8] = [states.rawValue]
    func append(_ number: Int64) {
      withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
    }
    func append(_ text: String) {
      append(Int64(text.utf8.count))
      bytes.append(contentsOf: text.utf8)
    }
    switch range {
    case nil: bytes.append(0)
    case .times(let range):
      bytes.append(1)
      append(range.lower)
      append(range.upper)
    case .names(let lower, let upper):
      bytes.append(2)
      append(lower)
      append(upper)
    }
    if let label {
      append(label.key)
      append(label.value)
    }
    return bytes
  }
}

extension UserFilter {
  /// The conditions that are ranges of a list's order, with that order.
  fileprivate var ranges: [(key: UserOrder.Key, range: UserRange)] {
    var ranges: [(key: UserOrder.Key, range: UserRange)] = []
    switch name {
    case nil: break
    // Between a name and the name with the least character behind it, there is no other: Postgres has no NUL.
    case .equals(let text): ranges.append((.name, .names(text, text + "\u{1}")))
    case .beginsWith(let text): ranges.append((.name, .names(text, Self.successor(of: text))))
    }
    for field in TimeField.allCases {
      guard let range = times[field] else { continue }
      switch field {
      case .createTime: ranges.append((.createTime, .times(range)))
      case .updateTime: ranges.append((.updateTime, .times(range)))
      case .deleteTime: ranges.append((.deleteTime, .times(range)))
      }
    }
    return ranges
  }

  /// The first text, by code points, behind all that begin with `text`.
  private static func successor(of text: String) -> String {
    var scalars = Array(text.unicodeScalars)
    while let last = scalars.popLast() {
      // Surrogates are no scalars.
      let next = last.value == 0xd7ff ? 0xe000 : last.value + 1
      guard let scalar = Unicode.Scalar(next) else { continue }
      var view = String.UnicodeScalarView()
      view.append(contentsOf: scalars)
      view.append(scalar)
      return String(view)
    }
    return String(repeating: "\u{10ffff}", count: FieldRules.maximumNameLength + 1)
  }
}
