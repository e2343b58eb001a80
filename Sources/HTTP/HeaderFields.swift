internal import CNGHTTP2

// @unchecked Sendable: nothing is written after init.
/// Header fields to send, in the form that nghttp2 takes. Immutable: one made from constants is made once and shared.
public final class HeaderFields: @unchecked Sendable {
  let pointer: UnsafeMutablePointer<nghttp2_nv>
  let count: Int
  /// False for a response of a status that never has a body. RFC 9110, section 6.4.1.
  let allowsBody: Bool
  private let bytes: UnsafeMutablePointer<UInt8>
  /// What the first fields point into.
  private let base: HeaderFields?

  /// Fields that nghttp2 copies when they are submitted. Names in lower case.
  public init(_ fields: [(name: String, value: [UInt8])]) {
    count = fields.count
    let status = fields.first { $0.name == ":status" }?.value
    allowsBody = status.map { !$0.elementsEqual("204".utf8) && !$0.elementsEqual("304".utf8) } ?? true
    pointer = .allocate(capacity: max(count, 1))
    bytes = .allocate(capacity: max(Self.size(of: fields), 1))
    base = nil
    fill(fields, from: 0)
  }

  /// The fields of `base`, and others behind them: for what differs little from message to message. Nothing of `base`
  /// is copied until nghttp2 copies it.
  public init(_ base: HeaderFields, adding fields: [(name: String, value: [UInt8])]) {
    self.base = base
    count = base.count + fields.count
    allowsBody = base.allowsBody
    pointer = .allocate(capacity: max(count, 1))
    pointer.initialize(from: base.pointer, count: base.count)
    bytes = .allocate(capacity: max(Self.size(of: fields), 1))
    fill(fields, from: base.count)
  }

  private static func size(of fields: [(name: String, value: [UInt8])]) -> Int {
    fields.reduce(0) { $0 + $1.name.utf8.count + $1.value.count }
  }

  /// Fields that live as long as the process, which nghttp2 then need not copy.
  public static func immortal(_ fields: [(name: String, value: String)]) -> HeaderFields {
    let made = HeaderFields(fields.map { ($0.name, Array($0.value.utf8)) })
    for index in 0..<made.count {
      made.pointer[index].flags = UInt8(NGHTTP2_NV_FLAG_NO_COPY_NAME.rawValue | NGHTTP2_NV_FLAG_NO_COPY_VALUE.rawValue)
    }
    // nghttp2 may still refer to the bytes when the last Swift reference goes.
    _ = Unmanaged.passRetained(made)
    return made
  }

  deinit {
    pointer.deallocate()
    bytes.deallocate()
  }

  private func fill(_ fields: [(name: String, value: [UInt8])], from first: Int) {
    let flags = UInt8(NGHTTP2_NV_FLAG_NONE.rawValue)
    var position = bytes
    func put(_ text: some Collection<UInt8>) -> (start: UnsafeMutablePointer<UInt8>, count: Int) {
      let start = position
      for byte in text {
        position.initialize(to: byte)
        position += 1
      }
      return (start, text.count)
    }
    for (index, field) in fields.enumerated() {
      let name = put(field.name.utf8)
      let value = put(field.value)
      (pointer + first + index).initialize(
        to: nghttp2_nv(
          name: name.start, value: value.start, namelen: name.count, valuelen: value.count, flags: flags))
    }
  }
}
