// SPDX-License-Identifier: MIT
// A sink for tests: keeps the records and can wait for them.
#pragma once

#include <fapilog/detail/time_limit.hpp>
#include <fapilog/record/json.hpp>
#include <fapilog/sinks/sink.hpp>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::testing {

/// A copy of one record.
struct captured {
  level severity = level::info;
  std::string message;
  std::string logger;
  std::string json;  ///< the whole envelope
  /// Members of `data`, `context` and `diagnostics` by path (`data.user_id`), formatted as in a message.
  std::map<std::string, std::string> values;

  [[nodiscard]] bool has(std::string const& path) const { return values.count(path) != 0; }
  /// Returns an empty string if there is no such value.
  [[nodiscard]] std::string value(std::string const& path) const {
    auto const found = values.find(path);
    return found == values.end() ? std::string{} : found->second;
  }
};

/// A condition on a record. Matchers are combined with `&&`.
class matcher {
 public:
  explicit matcher(std::function<bool(captured const&)> matches) : matches_(std::move(matches)) {}
  [[nodiscard]] bool operator()(captured const& r) const { return matches_(r); }
  friend matcher operator&&(matcher a, matcher b) {
    return matcher{
        [first = std::move(a), second = std::move(b)](captured const& r) { return first(r) && second(r); }};
  }

 private:
  std::function<bool(captured const&)> matches_;
};

[[nodiscard]] inline matcher has_level(level wanted) {
  return matcher{[wanted](captured const& r) { return r.severity == wanted; }};
}
[[nodiscard]] inline matcher has_message(std::string wanted) {
  return matcher{[text = std::move(wanted)](captured const& r) { return r.message == text; }};
}
[[nodiscard]] inline matcher message_contains(std::string part) {
  return matcher{
      [text = std::move(part)](captured const& r) { return r.message.find(text) != std::string::npos; }};
}
/// Compares the formatted value at a path: `has_value("data.user_id", "42")`.
[[nodiscard]] inline matcher has_value(std::string path, std::string text) {
  return matcher{[at = std::move(path), wanted = std::move(text)](captured const& r) {
    return r.has(at) && r.value(at) == wanted;
  }};
}

/// Use it through a shared_ptr, so that the test can read it while the runtime writes to it:
/// `auto sink = std::make_shared<fapilog::testing::capture>(); fapilog::runtime rt{{.sinks = {sink}}};`
/// Thread: any. Throws: std::bad_alloc.
class capture {
 public:
  static constexpr bool may_block = false;

  void write(batch const& entries) {
    std::lock_guard const lock{mutex_};
    for (entry const& e : entries) records_.push_back(copy_of(e));
    ++batches_;
    arrived_.notify_all();
  }
  [[nodiscard]] static std::string name() { return "capture"; }

  [[nodiscard]] std::vector<captured> records() const {
    std::lock_guard const lock{mutex_};
    return records_;
  }
  [[nodiscard]] std::size_t size() const {
    std::lock_guard const lock{mutex_};
    return records_.size();
  }
  /// Number of calls of `write`.
  [[nodiscard]] std::size_t batches() const {
    std::lock_guard const lock{mutex_};
    return batches_;
  }
  [[nodiscard]] std::size_t count(matcher const& wanted) const {
    std::lock_guard const lock{mutex_};
    return count_locked(wanted);
  }
  [[nodiscard]] bool contains(matcher const& wanted) const { return count(wanted) != 0; }

  /// Waits until there are this many records. Returns false after the timeout.
  [[nodiscard]] bool wait_for(std::size_t records,
                              detail::time_limit timeout = std::chrono::seconds{60}) const {
    std::unique_lock lock{mutex_};
    return arrived_.wait_for(lock, std::chrono::nanoseconds{timeout},
                             [&] { return records_.size() >= records; });
  }
  /// Waits until a record matches. Returns false after the timeout.
  [[nodiscard]] bool wait_for(matcher const& wanted,
                              detail::time_limit timeout = std::chrono::seconds{60}) const {
    std::unique_lock lock{mutex_};
    return arrived_.wait_for(lock, std::chrono::nanoseconds{timeout},
                             [&] { return count_locked(wanted) != 0; });
  }
  void clear() {
    std::lock_guard const lock{mutex_};
    records_.clear();
    batches_ = 0;
  }

 private:
  static captured copy_of(entry const& e) {
    captured r;
    r.severity = e.event.severity;
    r.message = e.event.message;
    r.logger = e.event.logger;
    r.json = e.json;
    put(r, "context", e.event.context.begin(), e.event.context.size());
    put(r, "diagnostics", e.event.diagnostics.begin(), e.event.diagnostics.size());
    put(r, "data", e.event.data.begin(), e.event.data.size());
    return r;
  }
  static void put(captured& r, std::string const& path, member const* first, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      std::string const own = path + '.' + std::string{first[i].key};
      value const& v = first[i].value;
      if (v.is_object()) put(r, own, v.members, v.size);
      detail::text_buffer text;
      detail::json::put_plain(text, v);
      r.values[own] = text.view();
    }
  }
  [[nodiscard]] std::size_t count_locked(matcher const& wanted) const {
    std::size_t matching = 0;
    for (captured const& r : records_) matching += wanted(r) ? 1U : 0U;
    return matching;
  }

  mutable std::mutex mutex_;
  mutable std::condition_variable arrived_;
  std::vector<captured> records_;
  std::size_t batches_ = 0;
};

}  // namespace fapilog::inline v0_1::testing
