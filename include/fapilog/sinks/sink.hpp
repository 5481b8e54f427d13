// SPDX-License-Identifier: MIT
// The contract of a sink, which writes batches and returns a `write_result` for each.
#pragma once

#include <fapilog/metrics/metric.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/sinks/schema_permission.hpp>

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1 {

enum class write_outcome : std::uint8_t {
  delivered,  ///< every entry reached its destination
  retry,      ///< some entries must be written again; others may be rejected
  rejected,   ///< some entries will never be accepted; all others are delivered
};

/// What a sink did with a batch. The delivery counts, retries and reports accordingly.
class [[nodiscard]] write_result {
 public:
  static write_result delivered() { return {}; }
  /// The entries before index `first` are delivered. The others are retried, not before `delay` has passed.
  static write_result retry(std::string reason, std::size_t first = 0, std::chrono::milliseconds delay = {}) {
    write_result result;
    result.outcome_ = write_outcome::retry;
    result.reason_ = std::move(reason);
    result.first_ = first;
    result.delay_ = delay;
    return result;
  }
  /// The sink will never accept the entries at these indices of the batch. All others are delivered.
  static write_result rejected(std::vector<std::size_t> entries, std::string reason) {
    write_result result;
    result.outcome_ = write_outcome::rejected;
    result.reason_ = std::move(reason);
    result.rejected_ = std::move(entries);
    return result;
  }

  /// The entries at the indices `again` are retried, not before `delay` has passed. The sink will never accept those at the
  /// indices `never`. All others are delivered.
  static write_result partly(std::vector<std::size_t> again, std::vector<std::size_t> never,
                             std::string reason, std::chrono::milliseconds delay = {}) {
    if (again.empty() && never.empty()) return delivered();
    write_result result = rejected(std::move(never), std::move(reason));
    if (again.empty()) return result;
    result.outcome_ = write_outcome::retry;
    result.first_ = *std::min_element(again.begin(), again.end());
    result.again_ = std::move(again);
    result.delay_ = delay;
    return result;
  }
  /// The destination refuses the sink, not its entries: its credentials or its address are wrong. The circuit opens at once,
  /// and the next attempt is made after `pause`. Records that cannot wait go to the spool or the fallback without further
  /// attempts. All entries are retried, or, if there are any, only those at the indices `again`; `never` as for `partly`.
  static write_result refused(std::string reason, std::chrono::milliseconds pause = std::chrono::seconds{30},
                              std::vector<std::size_t> again = {}, std::vector<std::size_t> never = {}) {
    write_result result = again.empty()
                              ? retry(std::move(reason), 0, pause)
                              : partly(std::move(again), std::move(never), std::move(reason), pause);
    result.is_refused_ = true;
    return result;
  }

  [[nodiscard]] write_outcome outcome() const noexcept { return outcome_; }
  [[nodiscard]] std::string const& reason() const noexcept { return reason_; }
  [[nodiscard]] std::size_t first_to_retry() const noexcept { return first_; }
  /// The only entries to retry; empty if all from `first_to_retry` on are to be retried, or none.
  [[nodiscard]] std::vector<std::size_t> const& entries_to_retry() const noexcept { return again_; }
  [[nodiscard]] bool is_refused() const noexcept { return is_refused_; }
  [[nodiscard]] std::chrono::milliseconds delay() const noexcept { return delay_; }
  [[nodiscard]] std::vector<std::size_t> const& rejected_entries() const noexcept { return rejected_; }
  /// True if every entry is delivered.
  explicit operator bool() const noexcept { return outcome_ == write_outcome::delivered; }

 private:
  write_outcome outcome_ = write_outcome::delivered;
  std::string reason_;
  std::size_t first_ = 0;
  std::chrono::milliseconds delay_{};
  std::vector<std::size_t> rejected_;
  std::vector<std::size_t> again_;
  bool is_refused_ = false;
};

/// Health of a sink.
struct sink_health {
  bool healthy = true;
  std::string detail;  ///< what is wrong and what to do about it; contains no secrets
};

/// What a sink receives before its first batch.
class start_context {
 public:
  /// Reports a problem to the user through the diagnostics (stderr, rate-limited). Arguments: message, detail.
  using reporter = std::function<void(std::string_view, std::string_view)>;

  /// The default denies schema changes and reports nothing, for code that calls a sink without a runtime.
  explicit start_context(reporter report = {}, schema_permission schema = {})
      : schema_(schema), report_(std::move(report)) {}

  /// True if the sink may create or alter tables. Its own settings must allow it, too.
  [[nodiscard]] bool may_change_schema() const noexcept { return schema_.is_granted(); }
  void report(std::string_view message, std::string_view detail) const {
    if (report_) report_(message, detail);
  }
  [[nodiscard]] reporter const& report_function() const noexcept { return report_; }

 private:
  schema_permission schema_;
  reporter report_;
};

/// A sink has `write(batch const&)`, which returns `write_result`; simple sinks may return void or bool (false: retry).
/// Optional members:
/// - `start(start_context const&)`, called before the first batch. If it throws, it is called again a second later; batches
///   fail until it succeeds.
/// - `flush()`; `stop()` after the last batch; `health() const -> sink_health`; `name() const`.
/// - `collect(metric_list&) const` adds the sink's own metrics. Any thread may call it at any time (see `counter`).
/// - `find_arrived(batch const&) -> std::vector<bool>`, if the sink can find records at its destination: true for each entry
///   that is there already, by its `message_id`; a shorter result means false for the rest. Called before records are written
///   that an earlier process left behind and may have written. An entry with true is not written again and counts as
///   delivered. If the function throws, all entries are written.
/// - `reopen()`, if the sink has a file that other programs may move: requests that it opens the path again before the next
///   batch. Any thread and any signal handler may call it at any time, so it sets an atomic variable and does nothing else.
/// - `cancel()`, if `write` waits for something outside the process: requests that a `write` in progress, and each further one,
///   ends soon and returns `retry` for what it could not deliver, until the next `start`. Called when the time of a drain is
///   running out and the records can go to the spool or the fallback. Any thread may call it at any time, so it sets an atomic
///   variable and does nothing else.
/// - `static constexpr bool needs_json = false` if the sink reads events only.
/// - `static constexpr std::size_t batch_size`: waiting batches are merged up to this many records before they are written,
///   if the sink has its own thread (default: batches are written as the worker made them).
/// - `static constexpr bool may_block`: true if `write` can wait for something outside the process (a network, a database);
///   such a sink gets its own thread. False if it never waits long; the worker may then call it.
/// The last three may also be data members of the object; `needs_json` and `batch_size` may also be const functions.
/// Thread: one thread at a time calls a sink, not always the same one. Exceptions are caught, reported and counted as
/// failures.
template <class T>
concept sink = requires(T& s, batch const& b) {
  {s.write(b)};
  requires std::same_as<decltype(s.write(b)), write_result> || std::same_as<decltype(s.write(b)), void> ||
      std::same_as<decltype(s.write(b)), bool>;
};

/// Holds any sink by value. Copies share the sink.
class any_sink {
 public:
  template <class T>
    requires(!std::same_as<std::remove_cvref_t<T>, any_sink>)
  any_sink(T&& s)  // NOLINT(google-explicit-constructor)
      : self_(std::make_shared<model<by_value<std::remove_cvref_t<T>>>>(
            by_value<std::remove_cvref_t<T>>{std::forward<T>(s)})) {
    static_assert(sink<std::remove_cvref_t<T>>,
                  "fapilog: this type is not a sink. A sink has write(fapilog::batch const&) that returns "
                  "fapilog::write_result, void or bool.");
  }
  /// Shares the sink with the caller.
  template <class T>
  any_sink(std::shared_ptr<T> shared)  // NOLINT(google-explicit-constructor)
      : self_(std::make_shared<model<std::shared_ptr<T>>>(std::move(shared))) {
    static_assert(sink<T>,
                  "fapilog: this type is not a sink. A sink has write(fapilog::batch const&) that returns "
                  "fapilog::write_result, void or bool.");
  }

  void start(start_context const& context) { self_->start(context); }
  write_result write(batch const& entries) { return self_->write(entries); }
  /// True for each entry that has arrived already; empty if the sink cannot find records.
  [[nodiscard]] std::vector<bool> find_arrived(batch const& entries) { return self_->find_arrived(entries); }
  void flush() { self_->flush(); }
  void stop() { self_->stop(); }
  /// Thread: any, at any time.
  void cancel() const { self_->cancel(); }
  /// Thread: any, at any time; a signal handler too.
  void reopen() const { self_->reopen(); }
  [[nodiscard]] sink_health health() const { return self_->health(); }
  void collect(metric_list& all) const { self_->collect(all); }
  /// The name of the sink, or "sink" if it has none.
  [[nodiscard]] std::string name() const { return self_->name(); }
  [[nodiscard]] bool needs_json() const noexcept { return self_->needs_json(); }
  /// Maximum number of records that waiting batches are merged into; 0 if they are not merged.
  [[nodiscard]] std::size_t batch_size() const noexcept { return self_->batch_size(); }
  /// Whether `write` may block; empty if the sink does not declare it.
  [[nodiscard]] std::optional<bool> may_block() const noexcept { return self_->may_block(); }

 private:
  template <class T>
  struct by_value {
    T held;
    T& operator*() noexcept { return held; }
    T const& operator*() const noexcept { return held; }
  };

  struct contract {
    virtual ~contract() = default;
    virtual void start(start_context const&) = 0;
    virtual write_result write(batch const&) = 0;
    [[nodiscard]] virtual std::vector<bool> find_arrived(batch const&) = 0;
    virtual void flush() = 0;
    virtual void stop() = 0;
    virtual void reopen() = 0;
    virtual void cancel() = 0;
    [[nodiscard]] virtual sink_health health() const = 0;
    virtual void collect(metric_list& all) const = 0;
    [[nodiscard]] virtual std::string name() const = 0;
    [[nodiscard]] virtual bool needs_json() const noexcept = 0;
    [[nodiscard]] virtual std::size_t batch_size() const noexcept = 0;
    [[nodiscard]] virtual std::optional<bool> may_block() const noexcept = 0;
  };

  /// `Holder` is `by_value<T>` or `std::shared_ptr<T>`.
  template <class Holder>
  struct model final : contract {
    explicit model(Holder held) : holder(std::move(held)) {}

    void start(start_context const& context) override {
      if constexpr (requires { (*holder).start(context); }) (*holder).start(context);
    }
    write_result write(batch const& entries) override {
      using result = decltype((*holder).write(entries));
      if constexpr (std::is_void_v<result>) {
        (*holder).write(entries);
        return write_result::delivered();
      } else if constexpr (std::is_same_v<result, bool>) {
        return (*holder).write(entries) ? write_result::delivered()
                                        : write_result::retry("the sink returned false");
      } else {
        return (*holder).write(entries);
      }
    }
    [[nodiscard]] std::vector<bool> find_arrived(batch const& entries) override {
      if constexpr (requires {
                      { (*holder).find_arrived(entries) } -> std::convertible_to<std::vector<bool>>;
                    }) {
        return (*holder).find_arrived(entries);
      } else {
        return {};
      }
    }
    void flush() override {
      if constexpr (requires { (*holder).flush(); }) (*holder).flush();
    }
    void stop() override {
      if constexpr (requires { (*holder).stop(); }) (*holder).stop();
    }
    void reopen() override {
      if constexpr (requires { (*holder).reopen(); }) (*holder).reopen();
    }
    void cancel() override {
      if constexpr (requires { (*holder).cancel(); }) (*holder).cancel();
    }
    [[nodiscard]] sink_health health() const override {
      if constexpr (requires { (*holder).health(); }) return (*holder).health();
      return {};
    }
    void collect(metric_list& all) const override {
      if constexpr (requires { (*holder).collect(all); }) (*holder).collect(all);
    }
    [[nodiscard]] std::string name() const override {
      if constexpr (requires { (*holder).name(); }) return std::string{(*holder).name()};
      return "sink";
    }
    [[nodiscard]] bool needs_json() const noexcept override {
      if constexpr (requires {
                      { (*holder).needs_json() } -> std::convertible_to<bool>;
                    }) {
        return (*holder).needs_json();
      } else if constexpr (requires {
                             { (*holder).needs_json } -> std::convertible_to<bool>;
                           }) {
        return static_cast<bool>((*holder).needs_json);
      } else {
        return true;
      }
    }
    [[nodiscard]] std::size_t batch_size() const noexcept override {
      if constexpr (requires {
                      { (*holder).batch_size() } -> std::convertible_to<std::size_t>;
                    }) {
        return (*holder).batch_size();
      } else if constexpr (requires {
                             { (*holder).batch_size } -> std::convertible_to<std::size_t>;
                           }) {
        return static_cast<std::size_t>((*holder).batch_size);
      } else {
        return 0;
      }
    }
    [[nodiscard]] std::optional<bool> may_block() const noexcept override {
      if constexpr (requires {
                      { (*holder).may_block } -> std::convertible_to<bool>;
                    }) {
        return static_cast<bool>((*holder).may_block);
      } else {
        return std::nullopt;
      }
    }

    Holder holder;
  };

  std::shared_ptr<contract> self_;
};

}  // namespace fapilog::inline v0_1
