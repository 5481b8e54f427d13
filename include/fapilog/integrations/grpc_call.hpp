// SPDX-License-Identifier: MIT
// What is known of one call of a gRPC server, and its access record.
#pragma once

#include <fapilog/integrations/request.hpp>

#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>
#include <grpcpp/support/string_ref.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::integrations {

/// What is logged of calls. Made once for a server.
struct grpc_request_config {
  /// As for other servers. The metadata of the same names are read: `x-request-id`, `traceparent`, `tracestate`, `x-forwarded-for`,
  /// `forwarded`, `user-agent` and `x-log-level`. `shown_query` has no effect.
  request_log_config requests = {};
  /// Metadata of the client that are logged, in lower case. Values are cut after 256 bytes. Refused are `authorization`,
  /// `proxy-authorization`, `cookie`, `set-cookie` and names that end in `-bin`.
  std::vector<std::string> shown_metadata = {};
  /// Whether the bytes of sent messages are counted, before they are compressed. Then the other interceptors of the server can read
  /// sent messages only in their serialized form.
  bool counts_bytes = true;
};

}  // namespace fapilog::inline v0_1::integrations

namespace fapilog::inline v0_1::detail {

using grpc_metadata = std::multimap<grpc::string_ref, grpc::string_ref>;

/// The values of a name, as one list. At most `longest` bytes.
[[nodiscard]] inline std::string grpc_metadata_value(grpc_metadata const& all, std::string_view name,
                                                     std::size_t longest) {
  std::string list;
  auto const [begin, end] = all.equal_range(grpc::string_ref{name.data(), name.size()});
  for (auto at = begin; at != end && list.size() < longest; ++at) {
    if (at != begin) list += ',';
    list.append(at->second.data(), (std::min)(at->second.size(), longest + 1));
  }
  return list;
}

/// The address in `ipv4:1.2.3.4:5` or `ipv6:%5B::1%5D:5`, whose escapes RFC 3986 defines, without port and zone. Others, such as
/// `unix:/path`, are returned as they are.
[[nodiscard]] inline std::string grpc_peer_address(std::string_view peer) {
  bool const is_v6 = peer.starts_with("ipv6:");
  if (!is_v6 && !peer.starts_with("ipv4:")) return std::string{peer.substr(0, 256)};
  std::string address;
  for (peer.remove_prefix(5); !peer.empty(); peer.remove_prefix(1)) {
    auto const digit = [&](std::size_t at) {
      char const c = at < peer.size() ? peer[at] : ' ';
      return trace_digit(c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c);
    };
    if (peer[0] == '%' && digit(1) >= 0 && digit(2) >= 0) {
      address += static_cast<char>(digit(1) * 16 + digit(2));
      peer.remove_prefix(2);
    } else {
      address += peer[0];
    }
  }
  if (is_v6 && address.starts_with('[')) {
    address = address.substr(1, address.find(']') - 1);
    return address.substr(0, address.find('%'));
  }
  return address.substr(0, address.rfind(':'));
}

/// Names by number. The source is gRPC's documentation of status codes.
[[nodiscard]] inline std::string_view grpc_status_name(int code) noexcept {
  constexpr std::array<std::string_view, 17> names{
      "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
      "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
      "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
      "DATA_LOSS", "UNAUTHENTICATED"};
  return code >= 0 && static_cast<std::size_t>(code) < names.size() ? names[static_cast<std::size_t>(code)]
                                                                    : std::string_view{"UNKNOWN"};
}
/// The status of HTTP for a code. The source is google/rpc/code.proto of googleapis.
[[nodiscard]] inline int http_status_of_grpc(int code) noexcept {
  constexpr std::array<int, 17> statuses{200, 499, 500, 400, 504, 404, 409, 403, 429,
                                         400, 409, 400, 501, 500, 503, 500, 401};
  return code >= 0 && static_cast<std::size_t>(code) < statuses.size()
             ? statuses[static_cast<std::size_t>(code)]
             : 500;
}

/// What all calls of a server share.
struct grpc_request_owner {
  grpc_request_owner(logger log, integrations::grpc_request_config chosen)
      : config(std::move(chosen)), requests(std::move(log), config.requests) {
    for (std::string const& name : config.shown_metadata) {
      bool const is_secret = name == "authorization" || name == "proxy-authorization" || name == "cookie" ||
                             name == "set-cookie" || name.ends_with("-bin");
      bool const is_name =
          !name.empty() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-.") == name.npos;
      if (is_secret || !is_name)
        throw std::invalid_argument("fapilog: grpc_request_config::shown_metadata: \"" + name + "\" " +
                                    (is_secret ? "may hold a secret or binary data and is never logged"
                                               : "is not a name: use lower-case letters, digits and _-."));
    }
  }
  integrations::grpc_request_config config;
  integrations::request_log requests;
};

/// The member `rpc` of an access record.
struct grpc_call_details {
  std::string_view service, method, status, message;
  std::uint64_t messages_in, messages_out;
  std::optional<std::chrono::nanoseconds> deadline;
  bool is_cancelled, is_deadline_exceeded;
  std::map<std::string, std::string> const& metadata;

  friend void to_log(object_writer& to, grpc_call_details const& call) {
    to.kv("system", "grpc").kv("service", call.service).kv("method", call.method).kv("status", call.status);
    if (!call.message.empty()) to.kv("message", call.message);
    to.kv("messages_in", call.messages_in).kv("messages_out", call.messages_out);
    if (call.deadline) to.kv("deadline", *call.deadline);
    if (call.is_cancelled) to.kv("cancelled", true);
    if (call.is_deadline_exceeded) to.kv("deadline_exceeded", true);
    if (!call.metadata.empty()) to.kv("metadata", call.metadata);
  }
};

/// Metadata that a request begins with.
struct grpc_request_values {
  explicit grpc_request_values(grpc_metadata const& received)
      : request_id(value(received, "x-request-id")),
        traceparent(value(received, "traceparent")),
        tracestate(value(received, "tracestate")),
        x_forwarded_for(value(received, "x-forwarded-for")),
        forwarded(value(received, "forwarded")),
        user_agent(value(received, "user-agent")),
        log_level(value(received, "x-log-level")) {}
  [[nodiscard]] integrations::request_start start(std::string_view method, std::string_view peer) const {
    integrations::request_start begun;
    begun.method = "POST";  // of HTTP/2
    begun.path = method;
    begun.route = method;
    begun.peer = peer;
    begun.request_id = request_id;
    begun.traceparent = traceparent;
    begun.tracestate = tracestate;
    begun.x_forwarded_for = x_forwarded_for;
    begun.forwarded = forwarded;
    begun.user_agent = user_agent;
    begun.log_level = log_level;
    return begun;
  }
  static std::string value(grpc_metadata const& received, std::string_view name) {
    return grpc_metadata_value(received, name, 8192);
  }
  std::string request_id, traceparent, tracestate, x_forwarded_for, forwarded, user_agent, log_level;
};

/// One call. Thread: `close` and `answer` on any, each once; the counters on any.
class grpc_served_call {
  std::shared_ptr<grpc_request_owner const> owner_;  // outlives `served`

 public:
  /// Names the call whose handler is called on this thread, until it is destroyed.
  class running {
   public:
    explicit running(grpc_served_call const& call) noexcept : outer_(std::exchange(innermost(), &call)) {}
    running(running const&) = delete;
    running& operator=(running const&) = delete;
    ~running() { innermost() = outer_; }
    [[nodiscard]] static bool is(grpc_served_call const& call) noexcept { return innermost() == &call; }

   private:
    static grpc_served_call const*& innermost() noexcept {
      thread_local grpc_served_call const* one = nullptr;
      return one;
    }
    grpc_served_call const* outer_;
  };

  grpc_served_call(std::shared_ptr<grpc_request_owner const> owner, std::string_view method,
                   std::string_view peer, std::chrono::system_clock::time_point deadline,
                   grpc_metadata const& received)
      : owner_(std::move(owner)),
        served(owner_->requests,
               grpc_request_values{received}.start(method.substr(0, 256), grpc_peer_address(peer))),
        route_(method.substr(0, 256)),
        deadline_(deadline) {
    if (deadline_ != never)
      allowed_ =
          std::chrono::duration_cast<std::chrono::nanoseconds>(deadline_ - std::chrono::system_clock::now());
    for (std::string const& name : owner_->config.shown_metadata) {
      if (received.count(grpc::string_ref{name}) != 0)
        shown_.emplace(name, grpc_metadata_value(received, name, 256).substr(0, 256));
    }
  }

  integrations::request served;
  std::atomic<std::uint64_t> messages_in{0};
  std::atomic<std::uint64_t> messages_out{0};
  std::atomic<std::uint64_t> bytes_out{0};

  /// Notes that the client has closed the call or the transport has delivered the status. Before a status, the call is cancelled.
  void close() noexcept {
    closed_at_ = std::chrono::system_clock::now();
    reach(is_closed);
  }
  /// Notes the status that the server sends.
  void answer(grpc::Status const& status) noexcept {
    code_ = static_cast<int>(status.error_code());
    try {
      message_ = status.error_message().substr(0, 1024);
    } catch (...) {
      message_.clear();
    }
    reach(is_answered);
  }
  /// Logs the access record if that is not done. Throws: never.
  void finish() noexcept {
    if (is_finished_.exchange(true)) return;
    bool const was_cancelled = was_cancelled_ || (steps_.load() & is_answered) == 0;
    bool const is_exceeded = code_ == grpc::DEADLINE_EXCEEDED || (was_cancelled && is_late());
    int const code = code_ >= 0 ? code_ : is_exceeded ? grpc::DEADLINE_EXCEEDED : grpc::CANCELLED;
    served.set_status(http_status_of_grpc(code));
    served.set_bytes_out(bytes_out.load());
    std::string_view const path = route_;
    std::size_t const slash = path.rfind('/');
    bool const is_split = slash != 0 && slash != path.npos;
    grpc_call_details const details{.service = is_split ? path.substr(1, slash - 1) : std::string_view{},
                                    .method = is_split ? path.substr(slash + 1) : path,
                                    .status = grpc_status_name(code),
                                    .message = message_,
                                    .messages_in = messages_in.load(),
                                    .messages_out = messages_out.load(),
                                    .deadline = allowed_,
                                    .is_cancelled = was_cancelled,
                                    .is_deadline_exceeded = is_exceeded,
                                    .metadata = shown_};
    served.finish_by([&](level severity, auto&&... fields) {
      owner_->requests.log().log(severity, "{} {}", path, details.status, kv("grpc_status", code),
                                 kv("rpc", details), std::forward<decltype(fields)>(fields)...);
    });
  }

 private:
  static constexpr unsigned is_closed = 1;
  static constexpr unsigned is_answered = 2;
  static constexpr auto never = (std::chrono::system_clock::time_point::max)();

  /// The second of the two steps ends the call.
  void reach(unsigned step) noexcept {
    unsigned const before = steps_.fetch_or(step);
    if (step == is_answered && (before & is_closed) != 0) was_cancelled_ = true;
    if (((before | step) & (is_closed | is_answered)) == (is_closed | is_answered)) finish();
  }
  /// Whether the call was closed at its deadline. A client rounds the time that it sends, up by 1 %, and keeps its own time.
  [[nodiscard]] bool is_late() const noexcept {
    if (!allowed_) return false;
    auto const closed = closed_at_ == never ? std::chrono::system_clock::now() : closed_at_;
    return closed >= deadline_ - *allowed_ / 100 - std::chrono::milliseconds{10};
  }

  std::string route_, message_;
  std::map<std::string, std::string> shown_;
  std::chrono::system_clock::time_point deadline_;
  std::chrono::system_clock::time_point closed_at_ = never;
  std::optional<std::chrono::nanoseconds> allowed_;
  int code_ = -1;
  bool was_cancelled_ = false;
  std::atomic<unsigned> steps_{0};
  std::atomic<bool> is_finished_{false};
};

/// The calls that are being served, by their context and by their span. Thread: any.
class grpc_call_index {
 public:
  void add(grpc::ServerContextBase const* context, std::shared_ptr<grpc_served_call> const& call) {
    std::lock_guard const lock{mutex_};
    auto const& trace = call->served.trace();
    if (trace.flags != 0 || !trace.tracestate.empty()) by_span_.emplace(trace.span_id, call.get());
    by_context_.insert_or_assign(context, call);
  }
  void remove(grpc::ServerContextBase const* context, grpc_served_call const& call) noexcept {
    std::shared_ptr<grpc_served_call> last;  // destroyed after the lock
    std::lock_guard const lock{mutex_};
    by_span_.erase(call.served.trace().span_id);
    auto const found = by_context_.find(context);  // the next call may have this address
    if (found == by_context_.end() || found->second.get() != &call) return;
    last = std::move(found->second);
    by_context_.erase(found);
  }
  [[nodiscard]] std::shared_ptr<grpc_served_call> find(grpc::ServerContextBase const* context) const {
    std::lock_guard const lock{mutex_};
    auto const found = by_context_.find(context);
    return found == by_context_.end() ? nullptr : found->second;
  }
  /// The trace of a span with flags or `tracestate`.
  [[nodiscard]] std::optional<integrations::trace_context> trace_of(std::string const& span_id) const {
    std::lock_guard const lock{mutex_};
    auto const found = by_span_.find(span_id);
    return found == by_span_.end() ? std::nullopt : std::optional{found->second->served.trace()};
  }

 private:
  mutable std::mutex mutex_;
  std::unordered_map<grpc::ServerContextBase const*, std::shared_ptr<grpc_served_call>> by_context_;
  std::unordered_map<std::string, grpc_served_call const*> by_span_;
};
/// Never destroyed: a server may outlive the static objects.
[[nodiscard]] inline grpc_call_index& grpc_calls() {
  static auto* const all = new grpc_call_index;
  return *all;
}

}  // namespace fapilog::inline v0_1::detail
