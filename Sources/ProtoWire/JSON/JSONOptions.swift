/// How to read and write ProtoJSON. <https://protobuf.dev/programming-guides/json/>
///
/// ```swift
/// let options = JSONOptions.with {
///   $0.ignoresUnknownFields = true
///   $0.sizeLimit = 1 << 20
/// }
/// ```
public struct JSONOptions: Sendable, Hashable {
  /// Skips fields, and values of enums, that the schema does not have. The default is to refuse them.
  ///
  /// ```swift
  /// // With it, {"name": "a", "nickname": "b"} is a User whose name is "a".
  /// options.ignoresUnknownFields = true
  /// ```
  public var ignoresUnknownFields = false

  /// Writes fields that have no presence even when they hold their default. The default is to leave them out.
  ///
  /// ```swift
  /// options.printsDefaults = true  // {"id":"","name":"",…} instead of {}
  /// ```
  public var printsDefaults = false

  /// Writes `create_time` instead of `createTime`. Both are always read.
  ///
  /// ```swift
  /// options.preservesProtoNames = true  // {"create_time":…}
  /// ```
  public var preservesProtoNames = false

  /// Writes enum values as numbers. Both are always read.
  ///
  /// ```swift
  /// options.printsEnumNumbers = true  // {"state":2} instead of {"state":"STATE_DELETED"}
  /// ```
  public var printsEnumNumbers = false

  /// How many messages, objects and arrays may be nested inside the outermost one.
  ///
  /// ```swift
  /// options.depthLimit = 10  // deeper: JSONError of the code .limit
  /// ```
  public var depthLimit = 100

  /// The longest input, in bytes, of either direction. The default is 64 MiB.
  ///
  /// ```swift
  /// options.sizeLimit = 4096  // longer: JSONError of the code .limit
  /// ```
  public var sizeLimit = 64 << 20

  /// The defaults: strict, and compact.
  public init() {}

  /// Options with some of them set.
  ///
  /// ```swift
  /// let options = JSONOptions.with { $0.printsDefaults = true }
  /// ```
  public static func with(_ change: (inout JSONOptions) -> Void) -> JSONOptions {
    var options = JSONOptions()
    change(&options)
    return options
  }
}
