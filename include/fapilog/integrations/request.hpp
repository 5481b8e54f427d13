// SPDX-License-Identifier: MIT
// One request of a server: its ids on all records that belong to it, and one access record at its end.
#pragma once

#include <fapilog/integrations/client_address.hpp>
#include <fapilog/integrations/request_level.hpp>
#include <fapilog/integrations/trace_context.hpp>
#include <fapilog/level_scope.hpp>
#include <fapilog/logger.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::integrations {

struct request_start;

/// What is logged of requests. Made once for a server.
struct request_log_config {
  /// Proxies whose X-Forwarded-For and Forwarded are trusted: addresses and CIDR ranges. Empty: the peer is the client.
  std::vector<std::string> trusted_proxies = {};
  /// Query parameters whose values are logged. The values of all others are `***`.
  std::vector<std::string> shown_query = {};
  /// Whether a valid `x-request-id` of the client becomes the request id; otherwise each request has a new one.
  bool accepts_request_id = true;
  /// Whether a valid `traceparent` of the client is continued; otherwise each request begins a trace.
  bool accepts_trace = true;
  /// Share of the access records that are logged, 0 to 1. Decided by the trace id, so that services with the same share
  /// keep the same traces. Failed (status 500 or above, an exception) and slow requests are always logged.
  double share = 1;
  /// A request that takes at least this long is slow.
  std::chrono::nanoseconds slow = std::chrono::seconds{1};
  /// Decides whether a client may choose a lower level for its request. Called if it sends X-Log-Level; empty: the header has no
  /// effect. The function must check the value, as `signed_request_levels` does, or where the request comes from; whoever may
  /// choose can flood your logs. A choice is recorded at level AUDIT, and holds for all loggers of the runtime wherever the
  /// context of the request is in force. Nothing, or an exception: the choice is refused. Thread: any.
  std::function<std::optional<request_level>(request_start const&)> accepts_level = {};
};

/// What a server knows when a request begins. The strings are copied and bounded; they come from the client and are not
/// trusted.
struct request_start {
  std::string_view method = {};
  std::string_view path = {};   ///< without the query
  std::string_view query = {};  ///< without the question mark
  std::string_view route =
      {};  ///< the template, such as "/orders/{id}"; empty if it is known later or not at all
  std::string_view peer = {};  ///< address of the connection
  std::string_view request_id = {};
  std::string_view traceparent = {};
  std::string_view tracestate = {};
  std::string_view x_forwarded_for = {};
  std::string_view forwarded = {};
  std::string_view user_agent = {};
  std::uint64_t bytes_in = 0;       ///< of the body
  std::string_view log_level = {};  ///< of the header X-Log-Level
};

/// Where requests are logged and how. Thread: any, once it is made.
class request_log {
 public:
  /// Throws: std::invalid_argument for a proxy that is no address, or a share that is not 0 to 1.
  explicit request_log(logger log, request_log_config config = {})
      : log_(std::move(log)), config_(std::move(config)), proxies_(config_.trusted_proxies) {
    if (!(config_.share >= 0 && config_.share <= 1))
      throw std::invalid_argument("fapilog: request_log: share must be between 0 and 1");
  }
  [[nodiscard]] logger const& log() const noexcept { return log_; }
  [[nodiscard]] request_log_config const& config() const noexcept { return config_; }
  [[nodiscard]] trusted_proxies const& proxies() const noexcept { return proxies_; }

 private:
  logger log_;
  request_log_config config_;
  trusted_proxies proxies_;
};

/// One request. It belongs to no thread: `context()` is a value to attach wherever work on the request is done, on a pool or in
/// a coroutine, and `finish` may be called anywhere. Thread: one at a time, but `context` and `attach` on any.
class request {
 public:
  /// `owner` must outlive the request. Throws: std::bad_alloc.
  request(request_log const& owner, request_start const& start)
      : owner_(owner),
        method_(bounded_token(start.method, 32)),
        path_(start.path.substr(0, 1024)),
        query_(redacted_query(start.query.substr(0, 2048))),
        route_(start.route.substr(0, 256)),
        user_agent_(start.user_agent.substr(0, 256)),
        client_(owner.proxies().client(start.peer, start.x_forwarded_for, start.forwarded)),
        bytes_in_(start.bytes_in) {
    if (owner.config().accepts_trace) {
      if (auto continued = parse_traceparent(start.traceparent, start.tracestate))
        trace_ = std::move(*continued);
    }
    if (trace_.trace_id.empty()) trace_ = new_trace();
    bool const is_ok = owner.config().accepts_request_id && is_valid_id(start.request_id);
    id_ = is_ok ? std::string{start.request_id} : fapilog::detail::random_trace_number(32);
    scope const ids{kv("request_id", id_), kv("trace_id", trace_.trace_id), kv("span_id", trace_.span_id)};
    context_ = fapilog::context::capture();
    if (!start.log_level.empty() && owner.config().accepts_level) choose_level(start);
  }
  request(request const&) = delete;
  request& operator=(request const&) = delete;
  /// Finishes the request if it is not finished.
  ~request() { finish(); }

  /// An id that a client may choose: 1 to 128 letters, digits and `-_.:/+=@`.
  [[nodiscard]] static bool is_valid_id(std::string_view text) noexcept {
    return !text.empty() && text.size() <= 128 &&
           text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:/+=@") ==
               std::string_view::npos;
  }

  /// The fields `request_id`, `trace_id` and `span_id`, and the scopes that were in force when the request began.
  [[nodiscard]] fapilog::context const& context() const noexcept { return context_; }
  /// Puts them in force on this thread until the result is destroyed.
  [[nodiscard]] fapilog::context::attachment attach() const noexcept { return context_.attach(); }

  [[nodiscard]] std::string const& id() const noexcept { return id_; }
  [[nodiscard]] trace_context const& trace() const noexcept { return trace_; }
  [[nodiscard]] std::string const& client() const noexcept { return client_; }

  void set_route(std::string_view route) { route_ = route.substr(0, 256); }
  void set_status(int status) noexcept { status_ = status; }
  void set_bytes_out(std::uint64_t bytes) noexcept { bytes_out_ = bytes; }
  void set_bytes_in(std::uint64_t bytes) noexcept { bytes_in_ = bytes; }
  /// The exception that ended the handler.
  void set_exception(std::exception_ptr error) noexcept { error_ = std::move(error); }

  /// Logs the access record: INFO, or ERROR for status 500 and above and for an exception. Further calls have no effect.
  /// Throws: never.
  void finish() noexcept {
    finish_by([this](level severity, auto&&... fields) {
      std::string_view const route = route_;
      owner_.log().log(severity, "{} {} {}", method_, route.empty() ? std::string_view{"(no route)"} : route,
                       status_, std::forward<decltype(fields)>(fields)...);
    });
  }
  /// For an adapter with an access record of its own: `write(severity, fields...)` logs it, with the fields that all have. It is not
  /// called for a request that is not sampled, or is finished. Throws: never, so `write` must not.
  template <class Write>
  void finish_by(Write const& write) noexcept {
    if (std::exchange(is_finished_, true)) return;
    auto const took = std::chrono::steady_clock::now() - began_;
    bool const has_failed = error_ != nullptr || status_ >= 500;
    if (!has_failed && took < owner_.config().slow && !is_sampled()) return;
    level const severity = has_failed ? level::error : level::info;
    // A call in a scope of its own costs more.
    std::optional<fapilog::context::attachment> attached;
    if (!context_.is_in_force()) attached.emplace(context_);
    std::optional<refusal> refused;  // a scope, so that the usual record has one form less
    if (is_level_refused_) refused.emplace();
    auto const with = [&]<class... More>(More&&... more) {
      write(severity, kv("method", method_), kv("route", route_), kv("path", path_), kv("query", query_),
            kv("status", status_), kv("duration", took), kv("bytes_in", bytes_in_),
            kv("bytes_out", bytes_out_), kv("client", client_), kv("user_agent", user_agent_),
            std::forward<More>(more)...);
    };
    std::string const& parent = trace_.parent_span_id;
    if (error_ != nullptr && parent.empty()) with(caught(error_));
    else if (error_ != nullptr) with(caught(error_), kv("parent_span_id", parent));
    else if (parent.empty()) with();
    else with(kv("parent_span_id", parent));
  }

 private:
  struct refusal {
    scope field{kv("log_level_refused", true)};
  };

  /// Must be called with the ids in force.
  void choose_level(request_start const& start) {
    std::optional<request_level> chosen;
    try {
      chosen = owner_.config().accepts_level(start);
    } catch (...) {
      chosen.reset();
    }
    is_level_refused_ = !chosen;
    if (!chosen) return;
    level_scope const lowered{owner_.log(), chosen->lowest};
    context_ = fapilog::context::capture();
    std::string_view const name = level_name(chosen->lowest);
    owner_.log().audit(
        "The level was lowered for a request",
        kv("level", name.empty() ? std::to_string(static_cast<unsigned>(chosen->lowest)) : std::string{name}),
        kv("changed_by", chosen->chosen_by));
  }

  static std::string bounded_token(std::string_view text, std::size_t longest) {
    bool const is_token = !text.empty() && text.size() <= longest &&
                          std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
    return is_token ? std::string{text} : std::string{"-"};
  }

  /// The names of all parameters, and the values of those that may be shown.
  [[nodiscard]] std::string redacted_query(std::string_view query) const {
    std::string result;
    auto const& shown = owner_.config().shown_query;
    while (!query.empty()) {
      std::string_view const pair = query.substr(0, query.find('&'));
      query.remove_prefix((std::min)(query.size(), pair.size() + 1));
      std::size_t const equals = pair.find('=');
      if (!result.empty()) result += '&';
      if (equals == std::string_view::npos) {  // a value without a name, perhaps
        result += "***";
        continue;
      }
      std::string_view const name = pair.substr(0, equals);
      result.append(name).append("=");
      bool const is_shown = std::find(shown.begin(), shown.end(), name) != shown.end();
      result.append(is_shown ? pair.substr(equals + 1) : std::string_view{"***"});
    }
    return result;
  }

  [[nodiscard]] bool is_sampled() const noexcept {
    double const share = owner_.config().share;
    if (share >= 1) return true;
    std::uint64_t number = 0;  // the last 13 digits: those before may be a time
    for (char const c : std::string_view{trace_.trace_id}.substr(19))
      number = number * 16 + static_cast<std::uint64_t>(fapilog::detail::trace_digit(c));
    return static_cast<double>(number) < share * 0x1p52;
  }

  request_log const& owner_;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  std::string id_;
  trace_context trace_;
  std::string method_, path_, query_, route_, user_agent_, client_;
  std::uint64_t bytes_in_ = 0;
  std::uint64_t bytes_out_ = 0;
  int status_ = 0;
  std::exception_ptr error_;
  bool is_finished_ = false;
  bool is_level_refused_ = false;
  fapilog::context context_;
};

}  // namespace fapilog::inline v0_1::integrations
