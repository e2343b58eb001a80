import CNGHTTP2

/// A header field, legal or not.
public struct HeaderField: Sendable, Hashable, ExpressibleByArrayLiteral, CustomStringConvertible {
  /// Lower case in what is legal.
  public var name: String
  /// The value as text; its bytes are the text's UTF-8.
  public var value: String

  /// A field; nothing is checked.
  public init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }

  /// `["name", "value"]`.
  public init(arrayLiteral elements: String...) {
    self.init(elements.first ?? "", elements.last ?? "")
  }

  /// What a failed test prints.
  public var description: String { "\(name): \(value)" }
}

/// HPACK by hand: each field a literal without indexing (RFC 7541, section 6.2.2), so that any bytes can be sent.
public enum HeaderEncoder {
  /// Encodes the fields in their order. Leaves the dynamic table alone.
  public static func encode(_ fields: [HeaderField]) -> [UInt8] {
    fields.flatMap { [0] + string($0.name) + string($0.value) }
  }

  private static func string(_ text: String) -> [UInt8] { length(text.utf8.count) + Array(text.utf8) }

  /// An integer with a 7-bit prefix. RFC 7541, section 5.1.
  private static func length(_ value: Int) -> [UInt8] {
    guard value >= 127 else { return [UInt8(value)] }
    var bytes: [UInt8] = [127]
    var rest = value - 127
    while rest >= 128 {
      bytes.append(UInt8(rest & 127) | 128)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }
}

/// Decodes the header blocks of a connection, in their order, with nghttp2's inflater.
public final class HeaderDecoder {
  private var inflater: OpaquePointer?

  /// A decoder with an empty dynamic table: use one for each connection.
  public init() { nghttp2_hd_inflate_new(&inflater) }

  deinit { nghttp2_hd_inflate_del(inflater) }

  /// nil if the block is damaged.
  public func decode(_ block: [UInt8]) -> [HeaderField]? {
    var fields: [HeaderField] = []
    return block.withUnsafeBufferPointer { input in
      var offset = 0
      while true {
        var field = nghttp2_nv()
        var flags: Int32 = 0
        let start = input.baseAddress.map { $0 + offset }
        let count = nghttp2_hd_inflate_hd2(inflater, &field, &flags, start, input.count - offset, 1)
        guard count >= 0 else { return nil }
        offset += count
        if flags & Int32(NGHTTP2_HD_INFLATE_EMIT.rawValue) != 0 {
          fields.append(
            HeaderField(
              String(decoding: UnsafeBufferPointer(start: field.name, count: field.namelen), as: UTF8.self),
              String(decoding: UnsafeBufferPointer(start: field.value, count: field.valuelen), as: UTF8.self)))
        }
        if flags & Int32(NGHTTP2_HD_INFLATE_FINAL.rawValue) != 0 {
          nghttp2_hd_inflate_end_headers(inflater)
          return fields
        }
        guard count > 0 || flags & Int32(NGHTTP2_HD_INFLATE_EMIT.rawValue) != 0 else { return nil }
      }
    }
  }
}
