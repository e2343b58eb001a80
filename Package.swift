// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

func library(_ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource] = []) -> Target {
  .target(name: name, dependencies: dependencies, resources: resources, swiftSettings: settings)
}

func program(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
  .executableTarget(name: name, dependencies: dependencies, resources: resources, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
  .testTarget(name: name, dependencies: dependencies, resources: resources, swiftSettings: settings)
}

let log: Target.Dependency = .product(name: "Logging", package: "swift-log")
let metrics: Target.Dependency = .product(name: "CoreMetrics", package: "swift-metrics")
let metricsTests: Target.Dependency = .product(name: "MetricsTestKit", package: "swift-metrics")
let tracing: Target.Dependency = .product(name: "Tracing", package: "swift-distributed-tracing")
let tracingTests: Target.Dependency = .product(name: "InMemoryTracing", package: "swift-distributed-tracing")
let histogram: Target.Dependency = .product(name: "Histogram", package: "hdrhistogram-swift")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
  name: "user-service",
  products: [
    .library(name: "ProtoWire", targets: ["ProtoWire"]),
    .library(name: "RPCServer", targets: ["Primitives", "RPCCore", "RPCServer", "Transport", "EventLoop"]),
    .library(name: "RPCClient", targets: ["Primitives", "RPCCore", "RPCClient", "Transport", "EventLoop"]),
    .library(name: "RPCDynamic", targets: ["RPCDynamic"]),
    .library(name: "RPCDiagnostics", targets: ["RPCDiagnostics"]),
    .library(name: "RPCGateway", targets: ["RPCGateway"]),
    .library(name: "RPCGraphQL", targets: ["RPCGraphQL"]),
    .library(name: "Postgres", targets: ["Postgres"]),
    .executable(name: "user-service", targets: ["user-service"]),
    .executable(name: "rpc-load", targets: ["rpc-load"]),
    .executable(name: "protoc-gen-protowire", targets: ["protoc-gen-protowire"]),
    .plugin(name: "GenerateProtoWire", targets: ["GenerateProtoWire"]),
    .executable(name: "bench-server", targets: ["bench-server"]),
    .executable(name: "interop-server", targets: ["interop-server"]),
    .executable(name: "interop-client", targets: ["interop-client"]),
    .executable(name: "conformance-server", targets: ["conformance-server"]),
    .executable(name: "conformance-client", targets: ["conformance-client"]),
    .executable(name: "protowire-conformance", targets: ["protowire-conformance"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.3"),
    .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
  ],
  targets: [
    // C libraries. Debian's packages carry them; the Makefile installs what is missing.
    .target(name: "CLinux"),
    .target(name: "CNGHTTP2", linkerSettings: [.linkedLibrary("nghttp2")]),
    .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(name: "CIDN2", pkgConfig: "libidn2", providers: [.apt(["libidn2-dev"])]),
    .systemLibrary(name: "CUnistring", providers: [.apt(["libunistring-dev"])]),
    .systemLibrary(name: "CResolv", providers: [.apt(["libc6-dev"])]),
    .systemLibrary(name: "CCrypt", providers: [.apt(["libcrypt-dev"])]),
    .target(name: "COpenSSL", linkerSettings: [.linkedLibrary("ssl"), .linkedLibrary("crypto")]),
    .target(name: "CJemalloc", linkerSettings: [.linkedLibrary("jemalloc")]),

    // The base: no I/O.
    library("ProtoWire"),
    library("Primitives"),

    // The machine: one loop a core.
    library("EventLoop", ["Primitives", "CLinux", log]),

    // Connections.
    library("HTTP", ["CNGHTTP2"]),
    library("Transport", ["Primitives", "COpenSSL"]),

    // What services are built on.
    library("RPCCore", ["Primitives", "ProtoWire"]),
    library("Compression", ["RPCCore", "CZlib", "CZstd"]),
    library(
      "RPCServer", ["RPCCore", "Compression", "HTTP", "Transport", "EventLoop", "Primitives", "ProtoWire", log]),
    library(
      "RPCGraphQL", ["RPCServer", "RPCCore", "ProtoWire"], resources: [.embedInCode("Pages")]),
    library(
      "RPCGateway", ["RPCServer", "RPCCore", "HTTP", "Primitives", "ProtoWire"], resources: [.embedInCode("Pages")]),
    library(
      "RPCClient",
      ["RPCCore", "Compression", "HTTP", "Transport", "EventLoop", "Primitives", "ProtoWire", "CResolv", log]),
    library(
      "RPCDiagnostics",
      ["RPCServer", "RPCClient", "RPCCore", "EventLoop", "Primitives", "ProtoWire", log, metrics, tracing]),
    library("RPCDynamic", ["RPCCore", "ProtoWire"]),
    library(
      "RPCLoad", ["RPCClient", "RPCDynamic", "RPCCore", "EventLoop", "Primitives", "ProtoWire", histogram]),
    library("Tokens", ["COpenSSL", "Primitives", "ProtoWire"]),
    library("Postgres", ["CPostgres", "EventLoop", "Primitives", log]),

    // The product.
    library("UserAPI", ["ProtoWire", "RPCCore"]),
    library(
      "UserService",
      [
        "UserAPI", "Tokens", "RPCCore", "EventLoop", "Primitives", "ProtoWire", "CCrypt", "CIDN2", "COpenSSL",
        "CUnistring",
      ]),
    library(
      "PostgresUserStore", ["UserService", "Postgres", "EventLoop", "Primitives", log],
      resources: [.embedInCode("Migrations")]),
    library("CommandOptions", ["Transport", arguments]),
    program(
      "user-service",
      [
        "UserService", "PostgresUserStore", "Tokens", "CommandOptions", "Transport", "RPCDiagnostics", "RPCGateway",
        "RPCGraphQL", "UserAPI",
        "RPCServer", "RPCClient", "RPCDynamic",
        "RPCCore", "ProtoWire", "Postgres", "EventLoop", "Primitives", "CJemalloc", arguments, log,
      ], resources: [.embedInCode("Console/Pages")]),
    program(
      "rpc-load",
      [
        "RPCLoad", "RPCClient", "RPCDynamic", "RPCCore", "CommandOptions", "Transport", "EventLoop", "Primitives",
        "ProtoWire", "CJemalloc", arguments,
      ]),
    program("protoc-gen-protowire", ["ProtoWire"]),
    .plugin(
      name: "GenerateProtoWire",
      capability: .command(
        intent: .custom(verb: "generate-protowire", description: "Write the Swift code of .proto files"),
        permissions: [.writeToPackageDirectory(reason: "It writes Sources/TARGET/Generated")]),
      dependencies: ["protoc-gen-protowire"]),

    // Programs that exist to be measured or checked.
    library("InteropAPI", ["ProtoWire", "RPCCore"]),
    program(
      "interop-server",
      ["InteropAPI", "RPCServer", "CommandOptions", "Transport", "RPCCore", "ProtoWire", "EventLoop", arguments, log]),
    program(
      "interop-client",
      ["InteropAPI", "RPCClient", "RPCCore", "ProtoWire", "Transport", "EventLoop", "Primitives", arguments]),
    library("ConformanceAPI", ["ProtoWire", "RPCCore", "Primitives"]),
    program(
      "conformance-server",
      ["ConformanceAPI", "RPCServer", "Transport", "RPCCore", "Primitives", "ProtoWire", "EventLoop"]),
    program(
      "conformance-client", ["ConformanceAPI", "RPCClient", "Transport", "RPCCore", "ProtoWire", "EventLoop"]),
    program("protowire-conformance", ["ProtoWire"]),
    program(
      "bench-server",
      ["RPCServer", "CommandOptions", "Transport", "RPCCore", "ProtoWire", "EventLoop", "CJemalloc", arguments, log]),

    // A scripted HTTP/2 peer and a small gRPC client, for tests.
    .target(
      name: "TestPeer", dependencies: ["CNGHTTP2", "EventLoop", "HTTP", "Primitives", "ProtoWire", "Transport"],
      path: "Tests/TestPeer", swiftSettings: settings),

    // What several test modules need.
    .target(name: "TestSupport", dependencies: [log], path: "Tests/TestSupport", swiftSettings: settings),
    // What every store of users must do, and a store in memory.
    .target(
      name: "UserStoreContract", dependencies: ["UserService", "TestSupport"], path: "Tests/UserStoreContract",
      swiftSettings: settings),
    // The user service behind a socket, and a client.
    .target(
      name: "ServiceTesting",
      dependencies: [
        "UserService", "UserAPI", "RPCServer", "RPCCore", "EventLoop", "ProtoWire", "TestPeer", "TestSupport",
        "Transport",
      ], path: "Tests/ServiceTesting", swiftSettings: settings),

    // Messages of every kind, and what must hold for any bytes of them.
    .target(name: "TestMessages", dependencies: ["ProtoWire"], path: "Tests/TestMessages", swiftSettings: settings),
    .target(
      name: "Fuzzing", dependencies: ["HTTP", "ProtoWire", "RPCClient", "RPCCore", "RPCGraphQL", "TestMessages"],
      path: "Tests/Fuzzing",
      exclude: ["Corpus", "graphql.dict", "http1.dict", "json.dict", "responses.dict", "trailers.dict"],
      swiftSettings: settings),
    .target(name: "CFuzzer", path: "Tests/CFuzzer"),
    .executableTarget(
      name: "protowire-fuzz", dependencies: ["Fuzzing", "CFuzzer"], path: "Tests/Fuzzer", swiftSettings: settings),
    .executableTarget(
      name: "graphql-syntax", dependencies: ["Fuzzing", "RPCGraphQL"], path: "Tests/GraphQLSyntax",
      swiftSettings: settings),
    .executableTarget(
      name: "http1-transcript", dependencies: ["Fuzzing", "HTTP"], path: "Tests/HTTP1Transcript",
      swiftSettings: settings),

    tests(
      "RPCGraphQLTests",
      [
        "RPCGraphQL", "RPCServer", "RPCCore", "EventLoop", "HTTP", "Primitives", "ProtoWire", "TestPeer", "TestSupport",
      ]),
    tests("ProtoWireTests", ["ProtoWire", "TestMessages", "Fuzzing", "TestSupport"]),
    tests("GeneratorTests", ["protoc-gen-protowire", "ProtoWire", "RPCCore"]),
    tests("ConformanceTests", ["protowire-conformance", "ProtoWire"]),
    tests("EventLoopTests", ["EventLoop", "Primitives", log]),
    tests("HTTPTests", ["HTTP", "Fuzzing", "TestPeer", "TestSupport"]),
    tests("PrimitivesTests", ["Primitives"]),
    tests("RPCCoreTests", ["RPCCore", "Primitives", "ProtoWire", "TestSupport"]),
    tests("TransportTests", ["Transport", "TestPeer", "Primitives", "COpenSSL"]),
    tests("TokensTests", ["Tokens", "Primitives", "TestSupport"]),
    tests("CompressionTests", ["Compression", "RPCCore"]),
    tests(
      "RPCServerTests",
      [
        "RPCServer", "RPCDiagnostics", "RPCCore", "Compression", "HTTP", "Transport", "EventLoop", "Primitives",
        "ProtoWire",
        "TestPeer", log, metrics,
        metricsTests, tracing, tracingTests,
      ]),
    tests(
      "RPCClientTests",
      [
        "RPCClient", "RPCServer", "RPCDiagnostics", "RPCCore", "Compression", "HTTP", "Transport", "EventLoop",
        "Primitives", "ProtoWire",
        "TestPeer", "TestSupport", log, metrics, metricsTests, tracing, tracingTests,
      ]),
    tests(
      "RPCLoadTests",
      [
        "RPCLoad", "RPCDynamic", "RPCClient", "RPCServer", "RPCCore", "EventLoop", "Primitives", "ProtoWire",
        "InteropAPI", "TestSupport",
      ]),
    tests(
      "RPCGatewayTests",
      [
        "RPCGateway", "RPCServer", "RPCCore", "Compression", "EventLoop", "HTTP", "Primitives", "ProtoWire", "TestPeer",
        "TestSupport",
      ]),
    tests("PostgresTests", ["Postgres", "EventLoop", "Primitives", "TestSupport", log]),
    tests(
      "UserServiceTests",
      [
        "UserService", "UserAPI", "Tokens", "RPCServer", "RPCCore", "EventLoop", "Primitives", "ProtoWire",
        "ServiceTesting", "UserStoreContract", "TestPeer",
      ]),
    tests(
      "PostgresUserStoreTests",
      [
        "PostgresUserStore", "UserService", "UserAPI", "RPCCore", "Postgres", "EventLoop", "Primitives", "ProtoWire",
        "ServiceTesting",
        "UserStoreContract", "TestSupport", log,
      ]),
  ]
)
