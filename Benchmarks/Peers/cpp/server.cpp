// gRPC C++ as its performance guide advises for one core: the asynchronous API, one thread, one completion queue, and many
// calls armed, so that none waits for an acceptance. Prints "ready: ADDRESS" as our servers do.
#include <grpcpp/grpcpp.h>

#include <csignal>
#include <functional>
#include <iostream>
#include <optional>
#include <string>

#include "benchmark.grpc.pb.h"
#include "helloworld.grpc.pb.h"

namespace {

constexpr int kArmed = 100;
using Queue = grpc::ServerCompletionQueue;

struct Call {
  virtual ~Call() = default;
  virtual void Proceed(bool ok) = 0;
};

// A unary call, armed again in place when it is over.
template <class Request, class Reply>
class Unary final : public Call {
 public:
  using Writer = grpc::ServerAsyncResponseWriter<Reply>;
  using Arm = std::function<void(grpc::ServerContext*, Request*, Writer*, Queue*, void*)>;
  using Handle = void (*)(const Request&, Reply*);

  Unary(Queue* queue, Arm arm, Handle handle) : queue_(queue), arm_(std::move(arm)), handle_(handle) { Rearm(); }

  void Proceed(bool ok) override {
    if (!finishing_ && ok) {
      finishing_ = true;
      handle_(state_->request, &state_->reply);
      state_->writer.Finish(state_->reply, grpc::Status::OK, this);
    } else if (finishing_) {
      Rearm();
    }
  }

 private:
  struct State {
    grpc::ServerContext context;
    Request request;
    Reply reply;
    Writer writer{&context};
  };

  void Rearm() {
    finishing_ = false;
    state_.emplace();
    arm_(&state_->context, &state_->request, &state_->writer, queue_, this);
  }

  Queue* queue_;
  Arm arm_;
  Handle handle_;
  bool finishing_ = false;
  std::optional<State> state_;
};

// StreamSum: one write at a time, as the API demands; buffer hints let the transport coalesce them. The first has none: it
// carries the initial metadata, and would not be over before those are sent.
class Stream final : public Call {
 public:
  Stream(benchmark::BenchmarkService::AsyncService* service, Queue* queue) : service_(service), queue_(queue) { Rearm(); }

  void Proceed(bool ok) override {
    if (phase_ == Phase::kArmed && ok) {
      phase_ = Phase::kWriting;
      state_->reply.set_result(state_->request.a() + state_->request.b());
      left_ = state_->request.count();
    }
    if (phase_ == Phase::kWriting && ok && left_ > 0) {
      grpc::WriteOptions options;
      const bool first = left_ == state_->request.count();
      if (--left_ > 0 && !first) options.set_buffer_hint();
      state_->writer.Write(state_->reply, options, this);
    } else if (phase_ == Phase::kWriting) {
      phase_ = Phase::kFinishing;
      state_->writer.Finish(grpc::Status::OK, this);
    } else if (phase_ == Phase::kFinishing) {
      Rearm();
    }
  }

 private:
  enum class Phase { kArmed, kWriting, kFinishing };
  struct State {
    grpc::ServerContext context;
    benchmark::StreamRequest request;
    benchmark::SumReply reply;
    grpc::ServerAsyncWriter<benchmark::SumReply> writer{&context};
  };

  void Rearm() {
    phase_ = Phase::kArmed;
    state_.emplace();
    service_->RequestStreamSum(&state_->context, &state_->request, &state_->writer, queue_, queue_, this);
  }

  benchmark::BenchmarkService::AsyncService* service_;
  Queue* queue_;
  Phase phase_ = Phase::kArmed;
  int left_ = 0;
  std::optional<State> state_;
};

}  // namespace

int main(int argc, char** argv) {
  const std::string listen = argc > 1 ? argv[1] : "127.0.0.1:0";
  benchmark::BenchmarkService::AsyncService sums;
  helloworld::Greeter::AsyncService greeter;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(listen, grpc::InsecureServerCredentials(), &port);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, 1000);
  builder.RegisterService(&sums);
  builder.RegisterService(&greeter);
  auto queue = builder.AddCompletionQueue();
  auto server = builder.BuildAndStart();
  if (!server) return 1;

  using Sum = Unary<benchmark::SumRequest, benchmark::SumReply>;
  using Hello = Unary<helloworld::HelloRequest, helloworld::HelloReply>;
  for (int i = 0; i < kArmed; i++) {
    // They live as long as the process.
    new Sum(
        queue.get(), [&](auto* c, auto* r, auto* w, auto* q, void* t) { sums.RequestGetSum(c, r, w, q, q, t); },
        [](const auto& request, auto* reply) { reply->set_result(request.a() + request.b()); });
    new Hello(
        queue.get(), [&](auto* c, auto* r, auto* w, auto* q, void* t) { greeter.RequestSayHello(c, r, w, q, q, t); },
        [](const auto& request, auto* reply) { *reply->mutable_response() = request.request(); });
    new Stream(&sums, queue.get());
  }
  std::cout << "ready: 127.0.0.1:" << port << std::endl;
  std::signal(SIGTERM, [](int) { std::_Exit(0); });
  void* tag;
  bool ok;
  while (queue->Next(&tag, &ok)) static_cast<Call*>(tag)->Proceed(ok);
}
