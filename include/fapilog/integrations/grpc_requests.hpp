// SPDX-License-Identifier: MIT
// Calls of a gRPC server: ids on all records of a handler, and one access record for each call.
#pragma once

#include <fapilog/integrations/grpc_call.hpp>
#include <fapilog/integrations/request.hpp>

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_interceptor.h>

#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace fapilog::inline v0_1::detail {

/// One call as gRPC's interceptors see it. Hooks of a stream may run on several threads at once.
class grpc_request_interceptor final : public grpc::experimental::Interceptor {
 public:
  grpc_request_interceptor(std::shared_ptr<grpc_request_owner const> owner,
                           grpc::experimental::ServerRpcInfo& info) noexcept
      : owner_(std::move(owner)), info_(info) {}
  grpc_request_interceptor(grpc_request_interceptor const&) = delete;
  grpc_request_interceptor& operator=(grpc_request_interceptor const&) = delete;
  ~grpc_request_interceptor() override {
    if (!call_) return;
    grpc_calls().remove(key_, *call_);
    call_->finish();
  }

  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
    using hook = grpc::experimental::InterceptionHookPoints;
    if (!methods->QueryInterceptionHookPoint(hook::POST_RECV_INITIAL_METADATA)) {
      if (call_) observe(*methods);
      methods->Proceed();  // it may destroy this
      return;
    }
    begin(*methods);
    if (!call_) {
      methods->Proceed();
      return;
    }
    observe(*methods);
    // gRPC calls a handler of the synchronous and of the callback interface in Proceed, on this thread. The call, and this with it,
    // may have ended when that returns.
    auto const call = call_;
    grpc_served_call::running const mark{*call};
    auto const attached = call->served.attach();
    methods->Proceed();
  }

 private:
  void begin(grpc::experimental::InterceptorBatchMethods& methods) noexcept {
    try {
      // gRPC may deliver a new call on a thread inside the handler of another one, whose fields must not be captured.
      auto const cleared = fapilog::context{}.attach();
      auto* const context = info_.server_context();
      static std::multimap<grpc::string_ref, grpc::string_ref> const nothing;
      auto const* const received = methods.GetRecvInitialMetadata();
      call_ = std::make_shared<grpc_served_call>(owner_, info_.method(), context->peer(), context->deadline(),
                                                 received != nullptr ? *received : nothing);
      key_ = context;
      grpc_calls().add(key_, call_);
    } catch (...) {  // without memory for it, the call is served and not logged
      call_.reset();
    }
  }

  void observe(grpc::experimental::InterceptorBatchMethods& methods) {
    using hook = grpc::experimental::InterceptionHookPoints;
    if (methods.QueryInterceptionHookPoint(hook::POST_RECV_MESSAGE) && methods.GetRecvMessage() != nullptr)
      call_->messages_in.fetch_add(1, std::memory_order_relaxed);
    if (methods.QueryInterceptionHookPoint(hook::PRE_SEND_INITIAL_METADATA)) {
      if (auto* const sent = methods.GetSendInitialMetadata();
          sent != nullptr && sent->find("x-request-id") == sent->end())
        sent->emplace("x-request-id", call_->served.id());
    }
    if (methods.QueryInterceptionHookPoint(hook::PRE_SEND_MESSAGE)) {
      call_->messages_out.fetch_add(1, std::memory_order_relaxed);
      if (owner_->config.counts_bytes) {
        if (auto const* const message = methods.GetSerializedSendMessage())
          call_->bytes_out.fetch_add(message->Length(), std::memory_order_relaxed);
      }
    }
    if (methods.QueryInterceptionHookPoint(hook::POST_RECV_CLOSE)) call_->close();
    if (methods.QueryInterceptionHookPoint(hook::PRE_SEND_STATUS)) {
      // The synchronous interface notices a cancelled call only if it is asked; the asynchronous one must not be asked.
      auto* const context = info_.server_context();
      if (grpc_served_call::running::is(*call_) &&
          dynamic_cast<grpc::CallbackServerContext*>(context) == nullptr)
        (void)context->IsCancelled();
      call_->answer(methods.GetSendStatus());
    }
  }

  std::shared_ptr<grpc_request_owner const> owner_;
  grpc::experimental::ServerRpcInfo& info_;
  std::shared_ptr<grpc_served_call> call_;
  grpc::ServerContextBase const* key_ = nullptr;
};

}  // namespace fapilog::inline v0_1::detail

namespace fapilog::inline v0_1::integrations {

/// Logs the calls of gRPC servers: give `interceptor()` to `ServerBuilder::experimental().SetInterceptorCreators`, as the first of them.
/// A handler of the synchronous interface runs with the ids in force, and so does the function that makes a reactor of the
/// callback interface. In reactions (`OnReadDone` and the others), with a completion queue and on other threads, use `attach`. It
/// may be destroyed before the server. Thread: any.
class grpc_requests {
 public:
  /// Throws: std::invalid_argument as `request_log`, and for metadata that is never logged.
  explicit grpc_requests(logger log, grpc_request_config config = {})
      : owner_(
            std::make_shared<fapilog::detail::grpc_request_owner const>(std::move(log), std::move(config))) {}

  /// For one server. Throws: std::bad_alloc.
  [[nodiscard]] std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> interceptor() const {
    return std::make_unique<factory>(owner_);
  }

  /// The request of a call, for its ids or to keep it with a reactor. `call` must exist. Null for a call that is not logged.
  [[nodiscard]] static std::shared_ptr<request> of(grpc::ServerContextBase const& call) {
    auto found = fapilog::detail::grpc_calls().find(&call);
    return found ? std::shared_ptr<request>{found, &found->served} : nullptr;
  }
  /// Puts the ids of a call in force on this thread until the result is destroyed. Without effect for a call that is not logged.
  [[nodiscard]] static fapilog::context::attachment attach(grpc::ServerContextBase const& call) {
    auto const served = of(call);
    return (served ? served->context() : fapilog::context::capture()).attach();
  }
  /// Calls `handler()` with the ids in force and returns its result. An exception is in the access record, and is thrown on: gRPC
  /// makes the status UNKNOWN of it and keeps no trace of it.
  template <class Handler>
  static std::invoke_result_t<Handler> handle(grpc::ServerContextBase const& call, Handler&& handler) {
    auto const served = of(call);
    auto const attached = (served ? served->context() : fapilog::context::capture()).attach();
    try {
      return std::forward<Handler>(handler)();
    } catch (...) {
      if (served) served->set_exception(std::current_exception());
      throw;
    }
  }

 private:
  class factory final : public grpc::experimental::ServerInterceptorFactoryInterface {
   public:
    explicit factory(std::shared_ptr<fapilog::detail::grpc_request_owner const> owner) noexcept
        : owner_(std::move(owner)) {}
    grpc::experimental::Interceptor* CreateServerInterceptor(
        grpc::experimental::ServerRpcInfo* info) override {
      return new (std::nothrow) fapilog::detail::grpc_request_interceptor(owner_, *info);
    }

   private:
    std::shared_ptr<fapilog::detail::grpc_request_owner const> owner_;
  };

  std::shared_ptr<fapilog::detail::grpc_request_owner const> owner_;
};

}  // namespace fapilog::inline v0_1::integrations
