internal import HTTP
import RPCCore

/// The header sections of responses. https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#responses
enum ResponseFields {
  /// Before the first message of nearly every response.
  static let head = HeaderFields.immortal([(":status", "200"), ("content-type", "application/grpc")])
  /// Behind the last message of nearly every response.
  static let ok = HeaderFields.immortal([("grpc-status", "0")])

  static func head(with metadata: Metadata, extra: [(String, String)]) -> HeaderFields {
    metadata.isEmpty && extra.isEmpty ? head : HeaderFields(headList(status: 200) + list(extra) + list(metadata))
  }

  /// A response that is one HEADERS frame: an error before anything was sent, or a success without a message.
  static func trailersOnly(
    httpStatus: Int = 200, trailers: [TrailerSection.Field], extra: [(String, String)] = []
  ) -> HeaderFields {
    HeaderFields(headList(status: httpStatus) + list(extra) + trailers)
  }

  /// A refusal of something that is not gRPC, as HTTP says it.
  static func notGRPC(httpStatus: Int, extra: [(String, String)]) -> HeaderFields {
    HeaderFields([(name: ":status", value: Array(String(httpStatus).utf8))] + list(extra))
  }

  // MARK: gRPC-Web

  /// Before the messages of a gRPC-Web response, or with `trailers` all of it.
  static func web(
    _ contentType: String, httpStatus: Int = 200, extra: [(String, String)], initial: Metadata = [:],
    trailers: [TrailerSection.Field] = []
  ) -> HeaderFields {
    HeaderFields(headList(status: httpStatus, contentType) + list(extra) + list(initial) + trailers)
  }

  private static func headList(
    status: Int, _ contentType: String = "application/grpc"
  ) -> [(name: String, value: [UInt8])] {
    [(":status", Array(String(status).utf8)), ("content-type", Array(contentType.utf8))]
  }

  private static func list(_ fields: [(String, String)]) -> [(name: String, value: [UInt8])] {
    fields.map { (name: $0.0, value: Array($0.1.utf8)) }
  }

  private static func list(_ metadata: Metadata) -> [(name: String, value: [UInt8])] {
    metadata.map { ($0.name, Metadata.wireValue($0.value)) }
  }
}
