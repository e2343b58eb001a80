// Says what a session of HTTP/1.1 makes of bytes, for comparisons with other parsers (Tests/foreign/test_http1.py).
// Reads inputs, each behind four bytes with its length (little-endian), and writes a line of JSON for each.

import Fuzzing
import Glibc
import HTTP

func take(_ count: Int) -> [UInt8]? {
  var bytes: [UInt8] = []
  var part = [UInt8](repeating: 0, count: 65_536)
  while bytes.count < count {
    let got = read(STDIN_FILENO, &part, min(part.count, count - bytes.count))
    guard got > 0 else { return nil }
    bytes += part.prefix(got)
  }
  return bytes
}

func json(_ text: String) -> String {
  let escaped = text.unicodeScalars.map { scalar -> String in
    if scalar == "\"" || scalar == "\\" { return "\\\(scalar)" }
    guard scalar.value < 0x20 || scalar.value > 0x7e else { return String(scalar) }
    let digits = String(scalar.value, radix: 16)
    return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
  }
  return "\"\(escaped.joined())\""
}

func json(_ fields: [[String]]) -> String {
  "[\(fields.map { "[\($0.map { json($0) }.joined(separator: ","))]" }.joined(separator: ","))]"
}

func json(_ request: HTTP1Transcript.Request) -> String {
  let body = String(request.body.map { Character(UnicodeScalar($0)) })
  return "{\"fields\":\(json(request.fields)),\"body\":\(json(body)),\"whole\":\(request.isWhole)}"
}

while let head = take(4) {
  let count = head.reversed().reduce(0) { $0 << 8 | Int($1) }
  guard let input = take(count) else { exit(65) }
  let transcript = HTTP1Transcript(input)
  let status = transcript.fault.map { "\($0.status)" } ?? "null"
  let reason = transcript.fault.map { json($0.reason) } ?? "null"
  let requests = transcript.requests.map { json($0) }.joined(separator: ",")
  let end = "\"status\":\(status),\"reason\":\(reason),\"ending\":\(transcript.isEnding)}\n"
  let line = "{\"requests\":[\(requests)]," + end
  guard line.withCString({ write(STDOUT_FILENO, $0, strlen($0)) }) == line.utf8.count else { exit(74) }
}
