"""grpcio's asyncio server. Its messages are generated into the directory named by the first argument."""

import asyncio
import sys

sys.path.insert(0, sys.argv[1])

import benchmark_pb2 as sums  # noqa: E402
import benchmark_pb2_grpc as sum_service  # noqa: E402
import grpc  # noqa: E402
import helloworld_pb2 as hello  # noqa: E402
import helloworld_pb2_grpc as hello_service  # noqa: E402


class Benchmark(sum_service.BenchmarkServiceServicer):
    async def GetSum(self, request, context):
        return sums.SumReply(result=request.a + request.b)

    async def StreamSum(self, request, context):
        reply = sums.SumReply(result=request.a + request.b)
        for _ in range(request.count):
            yield reply


class Greeter(hello_service.GreeterServicer):
    async def SayHello(self, request, context):
        return hello.HelloReply(response=request.request)


async def main():
    # Without these it refuses calls when more than 1,000 wait.
    pending = ("grpc.server.max_pending_requests", "grpc.server.max_pending_requests_hard_limit")
    server = grpc.aio.server(options=[(name, 100_000) for name in pending])
    sum_service.add_BenchmarkServiceServicer_to_server(Benchmark(), server)
    hello_service.add_GreeterServicer_to_server(Greeter(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(f"ready: 127.0.0.1:{port}", flush=True)
    await server.wait_for_termination()


asyncio.run(main())
