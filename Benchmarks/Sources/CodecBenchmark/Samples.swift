import OurMessages
import ProtoWire

/// The messages that are measured. swift-protobuf reads its own from the bytes of these.
enum Samples {
  static func sum() -> SumRequest {
    .with { $0.a = 20; $0.b = 22_000 }
  }

  /// 178 bytes.
  static func user(_ number: Int = 0) -> User {
    .with {
      $0.id = "0190d5f1-7a4c-7c1e-9f3a-" + "00000000\(1000 + number)"
      $0.email = "ada\(1000 + number)@example.com"
      $0.name = "Ada King-Byron"
      $0.state = .active
      $0.revision = 300
      $0.roles = ["admin", "editor", "viewer"]
      $0.labels = ["team": "analysis", "region": "eu-central-1"]
      $0.createTime = .with { $0.seconds = 1_790_000_000; $0.nanos = 123_000_000 }
      $0.updateTime = .with { $0.seconds = 1_790_000_300 }
    }
  }

  static func list() -> List {
    .with { $0.users = (0..<100).map(user) }
  }

  static func numbers() -> Numbers {
    .with {
      // One to five bytes long.
      $0.ints = (0..<1000).map { Int32(1) << Int32($0 % 30) &+ Int32($0) }
      $0.doubles = (0..<1000).map { Double($0) * 1.1 }
    }
  }

  static func deep() -> Node {
    var node = Node()
    for level in 0..<50 {
      let child = node
      node = .with { $0.name = "level"; $0.value = Int32(level); $0.child = child }
    }
    return node
  }
}
