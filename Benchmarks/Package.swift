// swift-tools-version: 6.2
// Measures ProtoWire side by side with swift-protobuf. A package of its own, so that the main one does not depend on what it is
// compared with. `scripts/bench-codec.sh` builds and runs it.
import PackageDescription

let settings: [SwiftSetting] = [.swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny")]

let package = Package(
  name: "Benchmarks",
  dependencies: [
    .package(name: "user-service", path: ".."),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
  ],
  targets: [
    .target(
      name: "OurMessages", dependencies: [.product(name: "ProtoWire", package: "user-service")], swiftSettings: settings),
    .target(
      name: "TheirMessages", dependencies: [.product(name: "SwiftProtobuf", package: "swift-protobuf")],
      swiftSettings: settings),
    .executableTarget(
      name: "CodecBenchmark", dependencies: ["OurMessages", "TheirMessages", "CAllocations"], swiftSettings: settings),
    .target(name: "CAllocations"),
  ]
)
