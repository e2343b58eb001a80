internal import Primitives
import ProtoWire
import RPCCore

/// The fields that end a response: status, message, details and metadata. They never take more than clients take: a
/// section that is too large would cost the caller the status as well.
///
/// What does not fit is left out: of the message its end, metadata entry by entry, and of the details the last ones,
/// before all of them.
package struct TrailerSection {
  package typealias Field = (name: String, value: [UInt8])

  /// Bytes, counting 32 a field as RFC 9113, section 6.5.2 does. gRPC's clients take 8 KiB; the rest of that is for the
  /// head, in a response that is one section.
  static let limit = 8192 - 256
  /// Bytes of the message as it is sent.
  static let messageLimit = 4096

  private(set) var fields: [Field] = []
  /// Something was left out.
  private(set) var isCut = false
  private var room = limit

  init(_ error: RPCError?, _ metadata: Metadata) {
    add("grpc-status", Array(String((error?.code ?? .ok).rawValue).utf8))
    guard var error else {
      let fitting = fitting(metadata)
      fields += fitting
      return
    }
    error.message = shortened(error.message)
    if !error.message.isEmpty { add("grpc-message", PercentEncoding.encode(error.message)) }
    var added = error.metadata
    added.append(contentsOf: metadata)
    let metadata = fitting(added)
    if let details = fittingDetails(of: error) { add("grpc-status-details-bin", Base64.encode(details)) }
    fields += metadata
  }

  private mutating func add(_ name: String, _ value: [UInt8]) {
    room -= Self.weight(name, value.count)
    fields.append((name, value))
  }

  private static func weight(_ name: String, _ count: Int) -> Int { name.utf8.count + count + 32 }

  private mutating func shortened(_ message: String) -> String {
    var size = 0
    for index in message.unicodeScalars.indices {
      size += PercentEncoding.size(of: message.unicodeScalars[index])
      guard size > Self.messageLimit else { continue }
      isCut = true
      // The ellipsis takes nine bytes.
      return String(message.unicodeScalars[..<index].dropLast(9)) + "…"
    }
    return message
  }

  private mutating func fitting(_ metadata: Metadata) -> [Field] {
    var fitting: [Field] = []
    for entry in metadata {
      let value = Metadata.wireValue(entry.value)
      let weight = Self.weight(entry.name, value.count)
      if weight <= room {
        room -= weight
        fitting.append((entry.name, value))
      } else {
        isCut = true
      }
    }
    return fitting
  }

  /// A google.rpc.Status with as many details as there is room for; nil without any.
  private mutating func fittingDetails(of error: RPCError) -> [UInt8]? {
    guard !error.details.isEmpty else { return nil }
    // Base64 makes four bytes of three.
    let bytes = (room - Self.weight("grpc-status-details-bin", 0)) * 3 / 4
    var error = error
    let count = error.leadingDetails(within: bytes)
    if count < error.details.count {
      isCut = true
      error.details.removeSubrange(count...)
    }
    return error.statusDetails
  }
}
