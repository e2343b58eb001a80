/// How to read and write ProtoJSON. <https://protobuf.dev/programming-guides/json/>
public struct JSONOptions: Sendable, Hashable {
  /// Skips fields, and values of enums, that the schema does not have. The default is to refuse them.
  public var ignoresUnknownFields = false

  /// Writes fields that have no presence even when they hold their default. The default is to leave them out.
  public var printsDefaults = false

  /// Writes `create_time` instead of `createTime`. Both are always read.
  public var preservesProtoNames = false

  /// Writes enum values as numbers. Both are always read.
  public var printsEnumNumbers = false

  /// How many messages, objects and arrays may be nested inside the outermost one.
  public var depthLimit = 100

  /// The longest input, in bytes, of either direction. The default is 64 MiB.
  public var sizeLimit = 64 << 20

  public init() {}

  /// Options with some of them set.
  public static func with(_ change: (inout JSONOptions) -> Void) -> JSONOptions {
    var options = JSONOptions()
    change(&options)
    return options
  }
}
