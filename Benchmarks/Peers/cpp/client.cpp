// gRPC C++'s asynchronous client, one thread and one completion queue: `grpc-cpp-client ADDRESS CALLS CONCURRENCY` prints
// calls a second and mean seconds of a call.
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "benchmark.grpc.pb.h"

namespace {

using Clock = std::chrono::steady_clock;

struct Call {
  std::optional<grpc::ClientContext> context;
  benchmark::SumReply reply;
  grpc::Status status;
  std::unique_ptr<grpc::ClientAsyncResponseReader<benchmark::SumReply>> reader;
  Clock::time_point begin;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 64;
  const long calls = std::stol(argv[2]);
  const long concurrency = std::stol(argv[3]);
  auto channel = grpc::CreateChannel(argv[1], grpc::InsecureChannelCredentials());
  if (!channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(10))) return 69;
  auto stub = benchmark::BenchmarkService::NewStub(channel);
  grpc::CompletionQueue queue;
  benchmark::SumRequest request;
  request.set_a(3);
  request.set_b(4);

  long started = 0;
  auto start = [&](Call* call) {
    call->context.emplace();
    call->begin = Clock::now();
    call->reader = stub->AsyncGetSum(&*call->context, request, &queue);
    call->reader->Finish(&call->reply, &call->status, call);
    started++;
  };

  std::vector<Call> running(std::min(calls, concurrency));
  double waited = 0;
  const auto begin = Clock::now();
  for (auto& call : running) start(&call);
  for (long ended = 0; ended < calls; ended++) {
    void* tag;
    bool ok;
    if (!queue.Next(&tag, &ok) || !ok) return 1;
    auto* call = static_cast<Call*>(tag);
    if (!call->status.ok() || call->reply.result() != 7) return 1;
    waited += std::chrono::duration<double>(Clock::now() - call->begin).count();
    if (started < calls) start(call);
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  std::cout << calls / seconds << " " << waited / calls << std::endl;
}
