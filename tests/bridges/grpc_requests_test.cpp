// SPDX-License-Identifier: MIT
// Tests integrations/grpc_requests.hpp and grpc_client_ids.hpp with servers and channels of gRPC. The services are written as
// generated code writes them, with bytes as messages.
#include <fapilog/integrations/grpc_client_ids.hpp>
#include <fapilog/integrations/grpc_requests.hpp>

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/codegen/client_unary_call.h>
#include <grpcpp/impl/codegen/server_callback_handlers.h>
#include <grpcpp/support/client_interceptor.h>
#include <grpcpp/support/method_handler.h>

#include <nlohmann/json.hpp>

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/logged.hpp"

namespace {

using namespace std::chrono_literals;
using fapilog::kv;
using fapilog::integrations::grpc_client_ids;
using fapilog::integrations::grpc_request_config;
using fapilog::integrations::grpc_requests;
using grpc::ByteBuffer;
using grpc::internal::RpcMethod;
using grpc::internal::RpcServiceMethod;

ByteBuffer bytes_of(std::string const& text) {
  grpc::Slice slice{text};
  return ByteBuffer{&slice, 1};
}
std::string text_of(ByteBuffer const& bytes) {
  std::vector<grpc::Slice> slices;
  std::string text;
  if (!bytes.Dump(&slices).ok()) return text;
  for (auto const& slice : slices) text.append(reinterpret_cast<char const*>(slice.begin()), slice.size());
  return text;
}

/// The reactor of the callback interface for one stream: answers each message, and logs in each reaction.
class talk final : public grpc::ServerBidiReactor<ByteBuffer, ByteBuffer> {
 public:
  talk(fapilog::logger log, grpc::CallbackServerContext& call) : log_(std::move(log)), call_(call) {
    StartRead(&in_);
  }
  void OnReadDone(bool ok) override {
    auto const ids = grpc_requests::attach(call_);
    if (!ok) return Finish(grpc::Status::OK);
    order_ = text_of(in_);
    log_.info("read", kv("order", order_));
    out_ = bytes_of("found " + order_);
    StartWrite(&out_);
  }
  void OnWriteDone(bool ok) override {
    auto const ids = grpc_requests::attach(call_);
    log_.info("written", kv("order", order_));
    if (ok) StartRead(&in_);
  }
  void OnDone() override {
    {
      auto const ids = grpc_requests::attach(call_);
      log_.info("done", kv("order", order_));
    }
    delete this;
  }

 private:
  fapilog::logger log_;
  grpc::CallbackServerContext& call_;
  ByteBuffer in_, out_;
  std::string order_;
};

class orders final : public grpc::Service {
 public:
  explicit orders(fapilog::logger log) : log_(std::move(log)) {
    using grpc::internal::BidiStreamingHandler;
    using grpc::internal::ClientStreamingHandler;
    using grpc::internal::RpcMethodHandler;
    using grpc::internal::ServerStreamingHandler;
    AddMethod(new RpcServiceMethod("/shop.Orders/Find", RpcMethod::NORMAL_RPC,
                                   new RpcMethodHandler<orders, ByteBuffer, ByteBuffer>(
                                       [](orders* self, grpc::ServerContext* call, ByteBuffer const* in,
                                          ByteBuffer* out) { return self->find(*call, text_of(*in), *out); },
                                       this)));
    AddMethod(new RpcServiceMethod(
        "/shop.Orders/List", RpcMethod::SERVER_STREAMING,
        new ServerStreamingHandler<orders, ByteBuffer, ByteBuffer>(
            [](orders* self, grpc::ServerContext*, ByteBuffer const*, grpc::ServerWriter<ByteBuffer>* out) {
              for (char const* order : {"7", "88", "999"}) {
                self->log_.info("listing", kv("order", order));
                out->Write(bytes_of(order));
              }
              return grpc::Status::OK;
            },
            this)));
    AddMethod(new RpcServiceMethod(
        "/shop.Orders/Add", RpcMethod::CLIENT_STREAMING,
        new ClientStreamingHandler<orders, ByteBuffer, ByteBuffer>(
            [](orders*, grpc::ServerContext*, grpc::ServerReader<ByteBuffer>* in, ByteBuffer* out) {
              int count = 0;
              for (ByteBuffer one; in->Read(&one);) ++count;
              *out = bytes_of(std::to_string(count));
              return grpc::Status::OK;
            },
            this)));
    AddMethod(new RpcServiceMethod(
        "/shop.Orders/Chat", RpcMethod::BIDI_STREAMING,
        new BidiStreamingHandler<orders, ByteBuffer, ByteBuffer>(
            [](orders*, grpc::ServerContext*, grpc::ServerReaderWriter<ByteBuffer, ByteBuffer>* stream) {
              for (ByteBuffer one; stream->Read(&one);) stream->Write(one);
              return grpc::Status{grpc::StatusCode::NOT_FOUND, "no more"};
            },
            this)));
    AddMethod(new RpcServiceMethod("/shop.Orders/Talk", RpcMethod::BIDI_STREAMING, nullptr));
    MarkMethodCallback(4, new grpc::internal::CallbackBidiHandler<ByteBuffer, ByteBuffer>(
                              [this](grpc::CallbackServerContext* call) {
                                log_.info("talking");
                                return new talk{log_, *call};
                              }));
    AddMethod(new RpcServiceMethod("/shop.Orders/Wait", RpcMethod::NORMAL_RPC, nullptr));
    MarkMethodCallback(5, new grpc::internal::CallbackUnaryHandler<ByteBuffer, ByteBuffer>(
                              [this](grpc::CallbackServerContext* call, ByteBuffer const* in, ByteBuffer*) {
                                return wait(*call, text_of(*in));
                              }));
    AddMethod(new RpcServiceMethod("/shop.Orders/Queue", RpcMethod::NORMAL_RPC, nullptr));
    MarkMethodAsync(6);
  }

  /// What the next call of Find does besides.
  std::function<grpc::Status(grpc::ServerContext&)> during_find;
  std::atomic<int> waiting{0};

  void request_queued(grpc::ServerContext& call, ByteBuffer& in,
                      grpc::ServerAsyncResponseWriter<ByteBuffer>& out, grpc::ServerCompletionQueue& queue,
                      void* tag) {
    RequestAsyncUnary(6, &call, &in, &out, &queue, &queue, tag);
  }

 private:
  grpc::Status find(grpc::ServerContext& call, std::string const& order, ByteBuffer& out) {
    log_.info("finding", kv("order", order));
    if (order == "throw") throw std::runtime_error{"the shelf is empty"};
    if (order == "handled")
      return grpc_requests::handle(call,
                                   []() -> grpc::Status { throw std::runtime_error{"the shelf is empty"}; });
    out = bytes_of("found " + order);
    return during_find ? during_find(call) : grpc::Status::OK;
  }
  /// Ends when the call is cancelled.
  grpc::ServerUnaryReactor* wait(grpc::CallbackServerContext& call, std::string const& order) {
    class reactor final : public grpc::ServerUnaryReactor {
     public:
      void OnCancel() override { Finish(grpc::Status::CANCELLED); }
      void OnDone() override { delete this; }
    };
    (void)call;
    log_.info("waiting", kv("order", order));
    ++waiting;
    return new reactor;
  }
  fapilog::logger log_;
};

struct grpc_answer {
  grpc::Status status;
  std::string text;
  std::map<std::string, std::string> metadata;
};

/// A server of `orders` on a free port, and a channel to it.
class grpc_shop {
 public:
  explicit grpc_shop(support::logged& test, grpc_request_config config = {},
                     std::string address = "127.0.0.1:0", bool has_queue = false)
      : service(test.log) {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort(address, grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service);
    std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> interceptors;
    interceptors.push_back(grpc_requests{test.log, std::move(config)}.interceptor());
    builder.experimental().SetInterceptorCreators(std::move(interceptors));
    if (has_queue) queue = builder.AddCompletionQueue();
    server_ = builder.BuildAndStart();
    REQUIRE(server_);
    if (address.ends_with(":0")) address.replace(address.size() - 1, 1, std::to_string(port));
    std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>> ids;
    ids.push_back(std::make_unique<grpc_client_ids>());
    channel = grpc::experimental::CreateCustomChannelWithInterceptors(
        address, grpc::InsecureChannelCredentials(), grpc::ChannelArguments{}, std::move(ids));
  }
  ~grpc_shop() { stop(); }
  void stop() {
    if (!server_) return;
    server_->Shutdown(std::chrono::system_clock::now() + 30s);
    server_.reset();
  }

  grpc_answer call(char const* method, std::string const& order,
                   std::vector<std::pair<std::string, std::string>> const& metadata = {},
                   std::chrono::milliseconds time = 60s) {
    grpc::ClientContext context;
    for (auto const& [key, value] : metadata) context.AddMetadata(key, value);
    if (time.count() != 0) context.set_deadline(std::chrono::system_clock::now() + time);
    ByteBuffer out;
    grpc_answer answer;
    answer.status = grpc::internal::BlockingUnaryCall(channel.get(), RpcMethod{method, RpcMethod::NORMAL_RPC},
                                                      &context, bytes_of(order), &out);
    answer.text = text_of(out);
    for (auto const& [key, value] : context.GetServerInitialMetadata())
      answer.metadata.emplace(std::string{key.data(), key.size()}, std::string{value.data(), value.size()});
    return answer;
  }

  orders service;
  std::unique_ptr<grpc::ServerCompletionQueue> queue;
  std::shared_ptr<grpc::Channel> channel;

 private:
  std::unique_ptr<grpc::Server> server_;
};

/// The access records, after the server has stopped.
std::vector<nlohmann::json> access_of(support::logged& test) {
  std::vector<nlohmann::json> found;
  for (auto& record : test.records()) {
    if (record.contains("data") && record.at("data").contains("rpc")) found.push_back(std::move(record));
  }
  return found;
}
nlohmann::json only_access(support::logged& test, grpc_shop& shop) {
  shop.stop();
  auto all = access_of(test);
  REQUIRE(all.size() == 1);
  return all[0];
}

}  // namespace

TEST_CASE("a gRPC call has one access record, and its handler's records have the ids") {
  support::logged test;
  grpc_shop shop{test, {.shown_metadata = {"x-tenant"}}};
  auto const answer = shop.call("/shop.Orders/Find", "7",
                                {{"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
                                 {"x-request-id", "r-17"},
                                 {"x-tenant", "acme"},
                                 {"authorization", "Bearer hush"},
                                 {"cookie", "session=hush"},
                                 {"key-bin", "hush"}});
  CHECK(answer.status.ok());
  CHECK(answer.text == "found 7");
  CHECK(answer.metadata.at("x-request-id") == "r-17");
  auto const record = only_access(test, shop);
  INFO(record.dump());
  CHECK(record.at("message") == "/shop.Orders/Find OK");
  CHECK(record.at("level") == "INFO");
  CHECK(record.at("context").at("request_id") == "r-17");
  CHECK(record.at("context").at("trace_id") == "4bf92f3577b34da6a3ce929d0e0e4736");
  auto const& data = record.at("data");
  CHECK(data.at("parent_span_id") == "00f067aa0ba902b7");
  CHECK(data.at("method") == "POST");
  CHECK(data.at("route") == "/shop.Orders/Find");
  CHECK(data.at("path") == "/shop.Orders/Find");
  CHECK(data.at("status") == 200);
  CHECK(data.at("grpc_status") == 0);
  CHECK(data.at("client") == "127.0.0.1");
  CHECK(data.at("user_agent").get<std::string>().starts_with("grpc-c++/"));
  CHECK(data.at("bytes_out") == 7);
  CHECK(data.at("duration").is_number());
  auto const& rpc = data.at("rpc");
  CHECK(rpc.at("system") == "grpc");
  CHECK(rpc.at("service") == "shop.Orders");
  CHECK(rpc.at("method") == "Find");
  CHECK(rpc.at("status") == "OK");
  CHECK(rpc.at("messages_in") == 1);
  CHECK(rpc.at("messages_out") == 1);
  CHECK(rpc.at("deadline").get<double>() > 0);
  CHECK(rpc.at("metadata") == nlohmann::json{{"x-tenant", "acme"}});
  CHECK_FALSE(rpc.contains("message"));
  CHECK_FALSE(rpc.contains("cancelled"));
  CHECK(record.dump().find("hush") == std::string::npos);
  auto const finding = test.records().front();
  CHECK(finding.at("message") == "finding");
  for (char const* id : {"request_id", "trace_id", "span_id"})
    CHECK(finding.at("context").at(id) == record.at("context").at(id));
}

TEST_CASE("a status of gRPC is in the access record, with its message and the status of HTTP") {
  struct example {
    grpc::StatusCode code;
    char const* name;
    int http;
    char const* level;
  };
  for (auto const& [code, name, http, level] :
       {example{grpc::StatusCode::NOT_FOUND, "NOT_FOUND", 404, "INFO"},
        example{grpc::StatusCode::UNAVAILABLE, "UNAVAILABLE", 503, "ERROR"},
        example{grpc::StatusCode::RESOURCE_EXHAUSTED, "RESOURCE_EXHAUSTED", 429, "INFO"},
        example{grpc::StatusCode::UNAUTHENTICATED, "UNAUTHENTICATED", 401, "INFO"}}) {
    support::logged test;
    grpc_shop shop{test};
    shop.service.during_find = [sent = code](auto&) { return grpc::Status{sent, "not \"here\""}; };
    CHECK(shop.call("/shop.Orders/Find", "7", {}, 0ms).status.error_code() == code);
    auto const record = only_access(test, shop);
    INFO(record.dump());
    CHECK(record.at("message") == std::string{"/shop.Orders/Find "} + name);
    CHECK(record.at("level") == level);
    CHECK(record.at("data").at("status") == http);
    CHECK(record.at("data").at("grpc_status") == static_cast<int>(code));
    CHECK(record.at("data").at("rpc").at("status") == name);
    CHECK(record.at("data").at("rpc").at("message") == "not \"here\"");
    CHECK_FALSE(record.at("data").at("rpc").contains("deadline"));
  }
}

TEST_CASE("an exception of a gRPC handler makes its access record an error") {
  support::logged test;
  grpc_shop shop{test};
  bool const is_handled = GENERATE(true, false);
  auto const answer = shop.call("/shop.Orders/Find", is_handled ? "handled" : "throw");
  CHECK(answer.status.error_code() == grpc::StatusCode::UNKNOWN);
  auto const record = only_access(test, shop);
  INFO(record.dump());
  CHECK(record.at("level") == "ERROR");
  CHECK(record.at("data").at("grpc_status") == 2);
  if (is_handled)
    CHECK(record.at("diagnostics").at("exception").dump().find("the shelf is empty") != std::string::npos);
  else CHECK(record.at("data").at("rpc").at("message") == "Unexpected error in RPC handling");
}

TEST_CASE("messages of gRPC streams are counted") {
  support::logged test;
  grpc_shop shop{test};
  {
    grpc::ClientContext context;
    RpcMethod const method{"/shop.Orders/List", RpcMethod::SERVER_STREAMING};
    std::unique_ptr<grpc::ClientReader<ByteBuffer>> const stream{
        grpc::internal::ClientReaderFactory<ByteBuffer>::Create(shop.channel.get(), method, &context,
                                                                bytes_of("all"))};
    int count = 0;
    for (ByteBuffer one; stream->Read(&one);) ++count;
    CHECK(stream->Finish().ok());
    CHECK(count == 3);
  }
  {
    grpc::ClientContext context;
    ByteBuffer out;
    RpcMethod const method{"/shop.Orders/Add", RpcMethod::CLIENT_STREAMING};
    std::unique_ptr<grpc::ClientWriter<ByteBuffer>> const stream{
        grpc::internal::ClientWriterFactory<ByteBuffer>::Create(shop.channel.get(), method, &context, &out)};
    for (int i = 0; i < 4; ++i) CHECK(stream->Write(bytes_of("one")));
    CHECK(stream->WritesDone());
    CHECK(stream->Finish().ok());
    CHECK(text_of(out) == "4");
  }
  for (char const* name : {"/shop.Orders/Chat", "/shop.Orders/Talk"}) {
    grpc::ClientContext context;
    RpcMethod const method{name, RpcMethod::BIDI_STREAMING};
    std::unique_ptr<grpc::ClientReaderWriter<ByteBuffer, ByteBuffer>> const stream{
        grpc::internal::ClientReaderWriterFactory<ByteBuffer, ByteBuffer>::Create(shop.channel.get(), method,
                                                                                  &context)};
    for (int i = 0; i < 2; ++i) {
      ByteBuffer back;
      CHECK(stream->Write(bytes_of("hello")));
      CHECK(stream->Read(&back));
    }
    CHECK(stream->WritesDone());
    ByteBuffer none;
    CHECK_FALSE(stream->Read(&none));
    (void)stream->Finish();
  }
  shop.stop();
  std::map<std::string, nlohmann::json> data;
  for (auto const& record : access_of(test))
    data[record.at("data").at("rpc").at("method")] = record.at("data");
  REQUIRE(data.size() == 4);
  auto const check = [&](char const* method, int in, int out, int bytes) {
    INFO(data.at(method).dump());
    CHECK(data.at(method).at("rpc").at("messages_in") == in);
    CHECK(data.at(method).at("rpc").at("messages_out") == out);
    CHECK(data.at(method).at("bytes_out") == bytes);
  };
  check("List", 1, 3, 6);
  check("Add", 4, 1, 1);
  check("Chat", 2, 2, 10);
  check("Talk", 2, 2, 22);
  CHECK(data.at("Chat").at("grpc_status") == 5);
  CHECK(data.at("Chat").at("rpc").at("message") == "no more");
}

TEST_CASE("no record has the ids of another gRPC call, whatever interface serves it") {
  support::logged test;
  grpc_shop shop{test};
  constexpr int per_client = 40;
  std::vector<std::thread> clients;
  for (int client = 0; client < 4; ++client) {
    clients.emplace_back([&shop, client] {
      for (int i = 0; i < per_client; ++i) {
        std::string const order = std::to_string(client) + "-" + std::to_string(i);
        if (i % 2 == 0) {
          (void)shop.call("/shop.Orders/Find", order, {{"x-request-id", "r-" + order}});
          continue;
        }
        grpc::ClientContext context;
        context.AddMetadata("x-request-id", "r-" + order);
        RpcMethod const method{"/shop.Orders/Talk", RpcMethod::BIDI_STREAMING};
        std::unique_ptr<grpc::ClientReaderWriter<ByteBuffer, ByteBuffer>> const stream{
            grpc::internal::ClientReaderWriterFactory<ByteBuffer, ByteBuffer>::Create(shop.channel.get(),
                                                                                      method, &context)};
        ByteBuffer back;
        stream->Write(bytes_of(order));
        stream->Read(&back);
        stream->WritesDone();
        (void)stream->Finish();
      }
    });
  }
  for (auto& client : clients) client.join();
  shop.stop();
  int of_handlers = 0;
  std::set<std::string> logged;
  for (auto const& record : test.records()) {
    INFO(record.dump());
    auto const& id = record.at("context").at("request_id").get_ref<std::string const&>();
    auto const& data = record.at("data");
    if (data.contains("rpc")) {
      CHECK(logged.insert(id).second);
    } else if (data.contains("order")) {
      ++of_handlers;
      CHECK(id == "r-" + data.at("order").get<std::string>());
    }
  }
  CHECK(logged.size() == 4 * per_client);
  CHECK(of_handlers == 4 * (per_client / 2 + per_client / 2 * 3));
}

TEST_CASE("a gRPC call with a completion queue has its ids where they are attached") {
  support::logged test;
  grpc_shop shop{test, {}, "127.0.0.1:0", true};
  std::thread serving{[&] {
    struct served {
      grpc::ServerContext context;
      ByteBuffer in;
      grpc::ServerAsyncResponseWriter<ByteBuffer> out{&context};
    };
    void* tag = nullptr;
    bool ok = false;
    for (int i = 0; i < 2; ++i) {
      served call;
      shop.service.request_queued(call.context, call.in, call.out, *shop.queue, &call);
      if (!shop.queue->Next(&tag, &ok) || !ok) return;
      test.log.info("without ids");
      {
        auto const ids = grpc_requests::attach(call.context);
        test.log.info("serving", kv("order", text_of(call.in)));
      }
      call.out.Finish(bytes_of("found"), grpc::Status::OK, &call);
      if (!shop.queue->Next(&tag, &ok)) return;
    }
  }};
  CHECK(shop.call("/shop.Orders/Queue", "1", {{"x-request-id", "r-1"}}).text == "found");
  CHECK(shop.call("/shop.Orders/Queue", "2", {{"x-request-id", "r-2"}}).text == "found");
  serving.join();
  shop.stop();
  shop.queue->Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (shop.queue->Next(&tag, &ok)) {
  }
  std::set<std::string> logged;
  for (auto const& record : test.records()) {
    INFO(record.dump());
    if (record.at("message") == "without ids") {
      CHECK_FALSE(record.at("context").contains("request_id"));
      continue;
    }
    auto const id = record.at("context").at("request_id").get<std::string>();
    if (record.at("data").contains("rpc")) logged.insert(id);
    else CHECK(id == "r-" + record.at("data").at("order").get<std::string>());
  }
  CHECK(logged == std::set<std::string>{"r-1", "r-2"});
}

TEST_CASE("a cancelled gRPC call and one that is too late say so") {
  support::logged test;
  grpc_shop shop{test};
  bool const is_late = GENERATE(false, true);
  bool const is_callback = GENERATE(false, true);
  std::atomic<bool> is_reached{false};
  shop.service.during_find = [&](grpc::ServerContext& call) {
    is_reached = true;
    CHECK(support::eventually([&] { return call.IsCancelled(); }));
    return grpc::Status::OK;
  };
  char const* const method = is_callback ? "/shop.Orders/Wait" : "/shop.Orders/Find";
  if (is_late) {
    CHECK(shop.call(method, "7", {}, 300ms).status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED);
  } else {
    grpc::ClientContext context;
    std::thread cancelling{[&] {
      CHECK(support::eventually([&] { return is_reached || shop.service.waiting == 1; }));
      context.TryCancel();
    }};
    ByteBuffer out;
    auto const status = grpc::internal::BlockingUnaryCall(
        shop.channel.get(), RpcMethod{method, RpcMethod::NORMAL_RPC}, &context, bytes_of("7"), &out);
    CHECK(status.error_code() == grpc::StatusCode::CANCELLED);
    cancelling.join();
  }
  auto const record = only_access(test, shop);
  INFO(record.dump());
  auto const& rpc = record.at("data").at("rpc");
  CHECK(rpc.at("cancelled") == true);
  CHECK(rpc.value("deadline_exceeded", false) == is_late);
}

TEST_CASE("a gRPC method that does not exist has an access record") {
  support::logged test;
  grpc_shop shop{test};
  CHECK(shop.call("/shop.Orders/Nothing", "7").status.error_code() == grpc::StatusCode::UNIMPLEMENTED);
  auto const record = only_access(test, shop);
  INFO(record.dump());
  CHECK(record.at("data").at("grpc_status") == 12);
  CHECK(record.at("data").at("status") == 501);
}

TEST_CASE("a gRPC handler's call to another service continues the trace and the request") {
  support::logged behind;
  support::logged before;
  grpc_shop storage{behind, {.shown_metadata = {"tracestate"}}};
  grpc_shop front{before};
  front.service.during_find = [&](grpc::ServerContext& call) {
    auto const answer = storage.call("/shop.Orders/Find", "7");
    auto const own = storage.call("/shop.Orders/Find", "8", {{"x-request-id", "own"}});
    grpc::ClientContext context;
    std::thread{[&] {  // without the ids in force
      fapilog::integrations::add_request_ids(context, *grpc_requests::of(call));
      ByteBuffer out;
      CHECK(grpc::internal::BlockingUnaryCall(storage.channel.get(),
                                              RpcMethod{"/shop.Orders/Find", RpcMethod::NORMAL_RPC}, &context,
                                              bytes_of("9"), &out)
                .ok());
    }}
        .join();
    return answer.status;
  };
  CHECK(front
            .call("/shop.Orders/Find", "1",
                  {{"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
                   {"tracestate", "congo=t61"},
                   {"x-request-id", "r-1"}})
            .status.ok());
  (void)storage.call("/shop.Orders/Find", "alone");
  auto const first = only_access(before, front);
  storage.stop();
  auto const all = access_of(behind);
  REQUIRE(all.size() == 4);
  std::vector<std::string> const ids{"r-1", "own", "r-1"};
  for (std::size_t i = 0; i < 3; ++i) {
    INFO(all[i].dump());
    CHECK(all[i].at("context").at("request_id") == ids[i]);
    CHECK(all[i].at("context").at("trace_id") == "4bf92f3577b34da6a3ce929d0e0e4736");
    CHECK(all[i].at("data").at("parent_span_id") == first.at("context").at("span_id"));
    CHECK(all[i].at("data").at("rpc").at("metadata").at("tracestate") == "congo=t61");
  }
  CHECK_FALSE(all[3].at("data").contains("parent_span_id"));
  CHECK(all[3].at("context").at("request_id") != "r-1");
}

TEST_CASE("a gRPC call that is delivered inside the handler of another one has none of its fields") {
  support::logged behind;
  support::logged before;
  grpc_shop storage{behind};
  grpc_shop front{before};
  front.service.during_find = [&](grpc::ServerContext&) {
    fapilog::scope const outer{kv("only_in_front", true)};
    for (int i = 0; i < 30; ++i) {
      grpc::ClientContext context;
      RpcMethod const method{"/shop.Orders/Talk", RpcMethod::BIDI_STREAMING};
      std::unique_ptr<grpc::ClientReaderWriter<ByteBuffer, ByteBuffer>> const stream{
          grpc::internal::ClientReaderWriterFactory<ByteBuffer, ByteBuffer>::Create(storage.channel.get(),
                                                                                    method, &context)};
      ByteBuffer back;
      stream->Write(bytes_of("7"));
      stream->Read(&back);
      stream->WritesDone();
      (void)stream->Finish();
    }
    return grpc::Status::OK;
  };
  CHECK(front.call("/shop.Orders/Find", "1").status.ok());
  front.stop();
  storage.stop();
  auto const records = behind.records();
  CHECK(records.size() == 30 * 5);
  for (auto const& record : records) CHECK(record.dump().find("only_in_front") == std::string::npos);
}

TEST_CASE("what a gRPC client sends is not trusted") {
  support::logged test;
  grpc_shop shop{test, {.requests = {.trusted_proxies = {"10.0.0.0/8"}, .share = 0}}};
  (void)shop.call("/shop.Orders/Find", "sampled out");
  CHECK(shop.call("/shop.Orders/Find", "throw",
                  {{"x-request-id", "bad id " + std::string(300, 'x')},
                   {"traceparent", "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01"},
                   {"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
                   {"x-forwarded-for", "192.0.2.9"}})
            .metadata.at("x-request-id")
            .size() == 32);
  auto const record = only_access(test, shop);
  INFO(record.dump());
  CHECK(record.at("context").at("request_id").get<std::string>().size() == 32);
  CHECK_FALSE(record.at("data").contains("parent_span_id"));
  CHECK(record.at("data").at("client") == "127.0.0.1");
}

TEST_CASE("a gRPC call over a Unix socket, and one through a trusted proxy, have their client") {
  support::logged test;
  std::string const socket = "unix:/tmp/fapilog_grpc_" + std::to_string(::getpid());
  bool const is_local = GENERATE(true, false);
  grpc_shop shop{test, {.requests = {.trusted_proxies = {"127.0.0.0/8"}}}, is_local ? socket : "127.0.0.1:0"};
  CHECK(shop.call("/shop.Orders/Find", "7", {{"x-forwarded-for", "192.0.2.9"}}).status.ok());
  auto const record = only_access(test, shop);
  auto const client = record.at("data").at("client").get<std::string>();
  if (is_local) CHECK(client.starts_with("unix:"));
  else CHECK(client == "192.0.2.9");
}

TEST_CASE("peers of gRPC are read in the forms that its versions write") {
  using fapilog::detail::grpc_peer_address;
  CHECK(grpc_peer_address("ipv4:1.2.3.4:5") == "1.2.3.4");
  CHECK(grpc_peer_address("ipv6:%5B::1%5D:5") == "::1");
  CHECK(grpc_peer_address("ipv6:[2001:db8::7]:5") == "2001:db8::7");
  CHECK(grpc_peer_address("ipv6:%5Bfe80::1%25eth0%5D:5") == "fe80::1");
  CHECK(grpc_peer_address("unix:/run/shop") == "unix:/run/shop");
  CHECK(grpc_peer_address("").empty());
  CHECK(grpc_peer_address("ipv6:%5") == "%5");
  CHECK(grpc_peer_address("ipv4:").empty());
}

TEST_CASE("secret metadata of gRPC cannot be chosen to be logged") {
  support::logged test;
  for (char const* name : {"authorization", "cookie", "token-bin", "X-Tenant", ""}) {
    INFO(name);
    CHECK_THROWS_AS((grpc_requests{test.log, {.shown_metadata = {name}}}), std::invalid_argument);
  }
}
