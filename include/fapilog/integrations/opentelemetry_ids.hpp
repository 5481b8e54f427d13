// SPDX-License-Identifier: MIT
// Puts the ids of the active span of OpenTelemetry on all records of its thread.
#pragma once

#include <fapilog/record/context.hpp>
#include <fapilog/record/field.hpp>

#include <opentelemetry/context/runtime_context.h>
#include <opentelemetry/nostd/shared_ptr.h>
#include <opentelemetry/nostd/span.h>
#include <opentelemetry/nostd/unique_ptr.h>
#include <opentelemetry/trace/context.h>
#include <opentelemetry/trace/span.h>
#include <opentelemetry/trace/span_context.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace fapilog::inline v0_1::integrations {

/// Keeps the contexts of OpenTelemetry by thread, as its own storage does. While a valid span is active on a thread, its `trace_id`
/// and `span_id` are fields of a scope of that thread; while an invalid one is, no ids of an outer span are. So a log call costs
/// no more, and making a span active costs a scope. Thread: any.
class opentelemetry_ids final : public opentelemetry::context::RuntimeContextStorage {
 public:
  opentelemetry::context::Context GetCurrent() noexcept override {
    auto const& all = attached();
    return all.frames.empty() ? opentelemetry::context::Context{} : all.frames.back().context;
  }
  opentelemetry::nostd::unique_ptr<opentelemetry::context::Token> Attach(
      opentelemetry::context::Context const& context) noexcept override {
    attached().frames.push_back({context, scope_of(context)});
    return CreateToken(context);
  }
  /// Detaches the contexts that were attached after it, too.
  bool Detach(opentelemetry::context::Token& token) noexcept override {
    auto& frames = attached().frames;
    auto const found =
        std::find_if(frames.rbegin(), frames.rend(), [&](frame const& one) { return token == one.context; });
    if (found == frames.rend()) return false;
    for (std::ptrdiff_t count = found - frames.rbegin() + 1; count > 0; --count) frames.pop_back();
    return true;
  }

 private:
  struct frame {
    opentelemetry::context::Context context;
    std::unique_ptr<scope> ids;
  };
  struct thread_frames {
    thread_frames() = default;
    thread_frames(thread_frames const&) = delete;
    thread_frames& operator=(thread_frames const&) = delete;
    ~thread_frames() {
      while (!frames.empty()) frames.pop_back();  // scopes end in the reverse order
    }
    std::vector<frame> frames;
  };
  static thread_frames& attached() noexcept {
    thread_local thread_frames all;
    return all;
  }

  static std::unique_ptr<scope> scope_of(opentelemetry::context::Context const& context) {
    auto const span = opentelemetry::trace::GetSpan(context)->GetContext();
    if (!span.IsValid()) {
      auto const& frames = attached().frames;
      bool const hides = !frames.empty() && frames.back().ids != nullptr;
      return hides ? std::make_unique<scope>(kv("trace_id", nullptr), kv("span_id", nullptr)) : nullptr;
    }
    char trace[32];
    char id[16];
    span.trace_id().ToLowerBase16(opentelemetry::nostd::span<char, 32>{trace});
    span.span_id().ToLowerBase16(opentelemetry::nostd::span<char, 16>{id});
    return std::make_unique<scope>(kv("trace_id", std::string_view{trace, sizeof trace}),
                                   kv("span_id", std::string_view{id, sizeof id}));
  }
};

/// From now on the records of all loggers have the ids of the active span. Must be called before the program makes its first
/// span, once, and instead of another storage. Throws: std::bad_alloc.
inline void add_opentelemetry_ids() {
  using opentelemetry::context::RuntimeContextStorage;
  opentelemetry::context::RuntimeContext::SetRuntimeContextStorage(
      opentelemetry::nostd::shared_ptr<RuntimeContextStorage>{new opentelemetry_ids});
}

}  // namespace fapilog::inline v0_1::integrations
