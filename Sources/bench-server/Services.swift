import ProtoWire
import RPCCore

/// helloworld.Greeter: returns the request.
struct Greeter: GreeterProvider {
  func sayHello(_ request: HelloRequest, context: ServerContext) async throws -> HelloReply {
    .with { $0.response = request.request }
  }
}

/// benchmark.BenchmarkService: adds numbers. A client may send any numbers, so sums wrap around as they do in Go.
struct Benchmark: BenchmarkServiceProvider {
  func getSum(_ request: SumRequest, context: ServerContext) async throws -> SumReply {
    .with { $0.result = request.a &+ request.b }
  }

  func streamSum(
    _ request: StreamRequest, responses: ResponseWriter<SumReply>, context: ServerContext
  ) async throws {
    let reply = SumReply.with { $0.result = request.a &+ request.b }
    var left = request.count
    while left > 0 {
      try await responses.write(reply)
      left -= 1
    }
  }

  func collectSum(_ requests: RequestStream<SumRequest>, context: ServerContext) async throws -> SumReply {
    var total: Int32 = 0
    for try await request in requests { total = total &+ request.a &+ request.b }
    return .with { $0.result = total }
  }

  func echoSum(
    _ requests: RequestStream<SumRequest>, responses: ResponseWriter<SumReply>, context: ServerContext
  ) async throws {
    for try await request in requests {
      try await responses.write(.with { $0.result = request.a &+ request.b })
    }
  }
}
