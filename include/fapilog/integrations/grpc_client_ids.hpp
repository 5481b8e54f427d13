// SPDX-License-Identifier: MIT
// Sends the ids of a request onward with the calls of a gRPC client.
#pragma once

#include <fapilog/integrations/grpc_call.hpp>
#include <fapilog/integrations/ids_in_force.hpp>
#include <fapilog/integrations/request.hpp>

#include <grpcpp/client_context.h>
#include <grpcpp/support/client_interceptor.h>

#include <map>
#include <memory>
#include <new>
#include <string>
#include <utility>

namespace fapilog::inline v0_1::integrations {

/// Gives each call of a channel the ids that are in force on the thread that begins it: `x-request-id`, and `traceparent` with the
/// span of the request as the parent. `tracestate` and the flag "sampled" are sent if `grpc_requests` serves the request; for
/// another server use `add_request_ids`. Metadata that the program has set itself remain. Without ids in force, a call is
/// unchanged. Give it to `grpc::experimental::CreateCustomChannelWithInterceptors`. Thread: any.
class grpc_client_ids final : public grpc::experimental::ClientInterceptorFactoryInterface {
 public:
  grpc::experimental::Interceptor* CreateClientInterceptor(grpc::experimental::ClientRpcInfo*) override {
    try {
      ids_in_force ids = ids_in_force::of_this_thread();
      if (ids.request_id.empty() && ids.trace_id.empty()) return nullptr;
      return new interceptor(std::move(ids));
    } catch (std::bad_alloc const&) {
      return nullptr;
    }
  }

 private:
  class interceptor final : public grpc::experimental::Interceptor {
   public:
    explicit interceptor(ids_in_force ids) : ids_(std::move(ids)) {}
    void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
      using hook = grpc::experimental::InterceptionHookPoints;
      if (methods->QueryInterceptionHookPoint(hook::PRE_SEND_INITIAL_METADATA)) {
        if (auto* const sent = methods->GetSendInitialMetadata()) add(*sent);
      }
      methods->Proceed();
    }

   private:
    void add(std::multimap<std::string, std::string>& sent) const {
      auto const has = [&](char const* name) { return sent.find(name) != sent.end(); };
      if (!ids_.request_id.empty() && !has("x-request-id")) sent.emplace("x-request-id", ids_.request_id);
      if (ids_.trace_id.empty() || ids_.span_id.empty() || has("traceparent")) return;
      trace_context trace;
      trace.trace_id = ids_.trace_id;
      trace.span_id = ids_.span_id;
      if (auto known = fapilog::detail::grpc_calls().trace_of(ids_.span_id);
          known && known->trace_id == ids_.trace_id)
        trace = std::move(*known);
      sent.emplace("traceparent", trace.traceparent());
      if (!trace.tracestate.empty() && !has("tracestate")) sent.emplace("tracestate", trace.tracestate);
    }
    ids_in_force ids_;
  };
};

/// Gives one call the ids of a request: `x-request-id`, `traceparent` and `tracestate`. Throws: std::bad_alloc.
inline void add_request_ids(grpc::ClientContext& call, request const& served) {
  call.AddMetadata("x-request-id", served.id());
  call.AddMetadata("traceparent", served.trace().traceparent());
  if (!served.trace().tracestate.empty()) call.AddMetadata("tracestate", served.trace().tracestate);
}

}  // namespace fapilog::inline v0_1::integrations
