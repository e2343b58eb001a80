internal import Primitives
internal import ProtoWire
package import RPCCore

extension Metadata {
  /// The fields that a test case specifies. It gives the values of `-bin` fields in base64.
  package init(_ headers: [Header]) {
    self.init()
    for header in headers {
      for value in header.value {
        if header.name.lowercased().hasSuffix("-bin") {
          add(header.name, bytes: Array(value.utf8).withUnsafeBytes { Base64.decode($0) } ?? Array(value.utf8))
        } else {
          add(header.name, value)
        }
      }
    }
  }

  /// One header for each name, with its values in order.
  package var headers: [Header] {
    var headers: [Header] = []
    for entry in self {
      let value = String(decoding: Metadata.wireValue(entry.value), as: UTF8.self)
      if let index = headers.firstIndex(where: { $0.name == entry.name }) {
        headers[index].value.append(value)
      } else {
        headers.append(
          .with {
            $0.name = entry.name; $0.value = [value]
          })
      }
    }
    return headers
  }
}
