import RPCCore

/// The schema of all errors. https://google.aip.dev/193#http11json-representation
enum ErrorSchema {
  static let schema = JSONValue.object([
    "type": "object", "description": "What went wrong, in the form of AIP-193.",
    "properties": .object(["error": error]), "required": ["error"],
  ])

  private static let error = JSONValue.object([
    "type": "object",
    "properties": .object([
      "code": .object(["type": "integer", "description": "The status of HTTP."]),
      "message": .object(["type": "string", "description": "For developers, in English."]),
      "status": .object([
        "type": "string", "description": "A name of google.rpc.Code.",
        "enum": .array(StatusCode.allCodes.dropFirst().map { .string($0.description) }),
      ]),
      "details": .object([
        "type": "array", "description": "Messages that say more, such as google.rpc.ErrorInfo.", "items": detail,
      ]),
    ]),
    "required": ["code", "message", "status"],
  ])

  private static let detail = JSONValue.object([
    "type": "object", "properties": .object(["@type": .object(["type": "string"])]), "required": ["@type"],
  ])
}
