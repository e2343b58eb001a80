public import RPCCore
public import Tracing

/// Where in which trace a call stands, as W3C's Trace Context carries it between services: `traceparent` and
/// `tracestate`. https://www.w3.org/TR/trace-context/
public struct TraceContext: Sendable, Hashable {
  /// The number that all spans of a trace share; 0 is not valid.
  public var traceID: UInt128
  /// Of the span that is the parent of what is called.
  public var spanID: UInt64
  /// Bit 0: the caller may have recorded the trace.
  public var flags: UInt8
  /// What tracing systems tell each other; handed on as it is.
  public var state: String?

  /// A trace of its own.
  public init() {
    traceID = .random(in: 1 ... .max)
    spanID = .random(in: 1 ... .max)
    flags = 0
  }

  /// What a caller sent; nil without a valid `traceparent`. One of a version to come is read as far as version 0 goes.
  public init?(_ metadata: Metadata) {
    let parents = metadata.texts("traceparent")
    guard parents.count == 1 else { return nil }
    self.init(traceparent: parents[0])
    let state = metadata.texts("tracestate").joined(separator: ",")
    // The document's least that is to be handed on; a longer one may be dropped, but only as a whole.
    if !state.isEmpty, state.utf8.count <= 512 { self.state = state }
  }

  /// `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01`
  public init?(traceparent: String) {
    let text = Array(traceparent.utf8)
    guard text.count >= 55, text[2] == Self.dash, text[35] == Self.dash, text[52] == Self.dash,
      let version = Self.number(text[0..<2], as: UInt8.self), version != 0xff,
      version == 0 ? text.count == 55 : text.count == 55 || text[55] == Self.dash,
      let traceID = Self.number(text[3..<35], as: UInt128.self), traceID != 0,
      let spanID = Self.number(text[36..<52], as: UInt64.self), spanID != 0,
      let flags = Self.number(text[53..<55], as: UInt8.self)
    else { return nil }
    self.traceID = traceID
    self.spanID = spanID
    self.flags = flags
  }

  /// The same trace, with a span of its own.
  public func child() -> TraceContext {
    var child = self
    child.spanID = .random(in: 1 ... .max)
    return child
  }

  /// As it is sent.
  public var traceparent: String {
    "00-\(Self.hex(traceID))-\(Self.hex(spanID))-\(Self.hex(flags & 1))"
  }

  private static let dash = UInt8(ascii: "-")

  /// Lower case only, as the document wants it.
  private static func number<Number: FixedWidthInteger>(_ digits: ArraySlice<UInt8>, as type: Number.Type) -> Number? {
    var number: Number = 0
    for digit in digits {
      switch digit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): number = number << 4 | Number(digit - UInt8(ascii: "0"))
      case UInt8(ascii: "a")...UInt8(ascii: "f"): number = number << 4 | Number(digit - UInt8(ascii: "a") + 10)
      default: return nil
      }
    }
    return number
  }

  static func hex(_ number: some FixedWidthInteger) -> String {
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: max(number.bitWidth / 4 - digits.count, 0)) + digits
  }
}

extension ServiceContext {
  private enum TraceContextKey: ServiceContextKey {
    typealias Value = TraceContext
  }

  /// Where the work that is done stands in its trace; set by `ServerTracing`.
  public var trace: TraceContext? {
    get { self[TraceContextKey.self] }
    set { self[TraceContextKey.self] = newValue }
  }
}

extension Metadata {
  /// Adds what makes an outgoing call part of the trace: whatever the tracer sends, and `traceparent` where it sends
  /// none.
  public mutating func addTrace(
    of context: ServiceContext? = .current, tracer: any Instrument = InstrumentationSystem.instrument
  ) {
    guard let context else { return }
    tracer.inject(context, into: &self, using: MetadataInjector())
    guard text("traceparent") == nil, let trace = context.trace else { return }
    add("traceparent", trace.traceparent)
    if let state = trace.state { add("tracestate", state) }
  }
}

struct MetadataExtractor: Extractor {
  func extract(key: String, from carrier: Metadata) -> String? { carrier.text(key) }
}

struct MetadataInjector: Injector {
  func inject(_ value: String, forKey key: String, into carrier: inout Metadata) { carrier.add(key, value) }
}
