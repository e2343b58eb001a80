import Glibc

/// The Postgres that tests use: `make test` starts one, and names it by TEST_DATABASE_URL.
public enum TestDatabase {
  /// - Throws: `TestFailure` if the variable is not set.
  public static func url() throws -> String {
    guard let value = getenv("TEST_DATABASE_URL") else {
      throw TestFailure("TEST_DATABASE_URL is not set: these tests need a Postgres. Run `make test`, which starts one.")
    }
    return String(cString: value)
  }
}
