"""grpcio's asyncio client: `client.py MESSAGES ADDRESS CALLS CONCURRENCY` prints calls a second and mean seconds of a call."""

import asyncio
import sys
import time

sys.path.insert(0, sys.argv[1])

import benchmark_pb2 as sums  # noqa: E402
import benchmark_pb2_grpc as sum_service  # noqa: E402
import grpc  # noqa: E402


async def main(address, calls, concurrency):
    async with grpc.aio.insecure_channel(address) as channel:
        stub = sum_service.BenchmarkServiceStub(channel)
        request = sums.SumRequest(a=3, b=4)
        await channel.channel_ready()
        waited = 0.0

        async def work(count):
            nonlocal waited
            for _ in range(count):
                begin = time.perf_counter()
                reply = await stub.GetSum(request)
                waited += time.perf_counter() - begin
                assert reply.result == 7

        begin = time.perf_counter()
        shares = [calls // concurrency + (worker < calls % concurrency) for worker in range(concurrency)]
        await asyncio.gather(*map(work, shares))
        print(calls / (time.perf_counter() - begin), waited / calls)


asyncio.run(main(sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
