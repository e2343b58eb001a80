/// Settings of a limit on running calls that adapts to their latency. The numbers apply to the whole server; each loop
/// gets an equal part.
///
/// The limit grows while calls take as long as without load. When they take longer, they wait for each other somewhere,
/// and running more of them at once would only make them wait longer: the limit shrinks. Put methods of very different
/// durations into classes of their own.
public struct AdaptiveLimit: Sendable, Hashable {
  /// The limit at the start.
  public var initial = 64
  /// The lowest limit.
  public var minimum = 16
  /// The highest limit.
  public var maximum = 4096
  /// The limit shrinks when calls take more than this many times as long as without load.
  public var tolerance = 2.0

  /// The defaults that the properties show.
  public init() {}
}
