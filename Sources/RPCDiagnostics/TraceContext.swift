import Primitives
public import RPCCore
public import Tracing

/// The position of a call in a trace. W3C's Trace Context carries it between services, in `traceparent` and
/// `tracestate`. https://www.w3.org/TR/trace-context/
public struct TraceContext: Sendable, Hashable {
  /// The id of the trace, which all its spans share; never 0.
  public var traceID: UInt128
  /// The id of the parent span (`parent-id`); never 0.
  public var spanID: UInt64
  /// `trace-flags`. Bit 0 (sampled): the caller may have recorded the trace.
  public var flags: UInt8
  /// `tracestate`: data of tracing systems, propagated unchanged.
  public var state: String?

  /// A new trace.
  public init() {
    traceID = .random(in: 1 ... .max)
    spanID = .random(in: 1 ... .max)
    flags = 0
  }

  /// Reads what a caller sent; nil without a valid `traceparent`. Of a later version it reads the fields of version 0.
  public init?(_ metadata: Metadata) {
    let parents = metadata.texts("traceparent")
    guard parents.count == 1 else { return nil }
    self.init(traceparent: parents[0])
    let state = metadata.texts("tracestate").joined(separator: ",")
    // Section 3.3.1.5: propagate at least 512 characters. This drops a longer list as a whole.
    if !state.isEmpty, state.utf8.count <= 512 { self.state = state }
  }

  /// Parses a `traceparent`, such as `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01`; nil if it is not valid.
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

  /// The same trace with a new span id.
  public func child() -> TraceContext {
    var child = self
    child.spanID = .random(in: 1 ... .max)
    return child
  }

  /// The value of the `traceparent` field.
  public var traceparent: String {
    "00-\(Hex.digits(traceID))-\(Hex.digits(spanID))-\(Hex.digits(flags & 1))"
  }

  private static let dash = UInt8(ascii: "-")

  /// Parses hexadecimal digits; lower case only, as section 3.2.2 requires.
  private static func number<Number: FixedWidthInteger>(_ digits: ArraySlice<UInt8>, as type: Number.Type) -> Number? {
    var number: Number = 0
    for digit in digits {
      guard let value = Hex.value(of: digit), !(UInt8(ascii: "A")...UInt8(ascii: "F")).contains(digit) else {
        return nil
      }
      number = number << 4 | Number(value)
    }
    return number
  }
}

extension ServiceContext {
  private enum TraceContextKey: ServiceContextKey {
    typealias Value = TraceContext
  }

  /// The position of the current work in its trace. `ServerTracing` sets it.
  public var trace: TraceContext? {
    get { self[TraceContextKey.self] }
    set { self[TraceContextKey.self] = newValue }
  }
}

extension Metadata {
  /// Adds the fields that make an outgoing call part of the trace: those of the tracer, and `traceparent` if the tracer
  /// adds none.
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
