package import HTTP

extension HeaderBlock {
  /// The fields, for comparisons.
  package var fields: [HeaderField] {
    var fields: [HeaderField] = []
    forEach { name, value in
      fields.append(HeaderField(String(decoding: name, as: UTF8.self), String(decoding: value, as: UTF8.self)))
    }
    return fields
  }
}
