// SPDX-License-Identifier: MIT
// The contract of a sink: a batch in, what became of it out.
#pragma once

#include <fapilog/metrics/metric.hpp>
#include <fapilog/record/batch.hpp>

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

struct preset;
template <preset const& P>
class basic_runtime;

/// What a sink says of a batch. Delivery acts on it: counts, retries, reports.
class [[nodiscard]] write_result {
 public:
  enum class outcome : std::uint8_t { delivered, retry, rejected };

  /// Every entry is where it should be.
  static write_result delivered() { return {}; }
  /// The entries before `first` are delivered; the others should be offered again, not before `delay` has passed.
  static write_result retry(std::string reason, std::size_t first = 0, std::chrono::milliseconds delay = {}) {
    write_result result;
    result.outcome_ = outcome::retry;
    result.reason_ = std::move(reason);
    result.first_ = first;
    result.delay_ = delay;
    return result;
  }
  /// These entries (indices into the batch) will never be taken; the others are delivered.
  static write_result rejected(std::vector<std::size_t> entries, std::string reason) {
    write_result result;
    result.outcome_ = outcome::rejected;
    result.reason_ = std::move(reason);
    result.rejected_ = std::move(entries);
    return result;
  }

  [[nodiscard]] outcome what() const noexcept { return outcome_; }
  [[nodiscard]] std::string const& reason() const noexcept { return reason_; }
  [[nodiscard]] std::size_t first_to_retry() const noexcept { return first_; }
  [[nodiscard]] std::chrono::milliseconds delay() const noexcept { return delay_; }
  [[nodiscard]] std::vector<std::size_t> const& rejected_entries() const noexcept { return rejected_; }
  explicit operator bool() const noexcept { return outcome_ == outcome::delivered; }

 private:
  outcome outcome_ = outcome::delivered;
  std::string reason_;
  std::size_t first_ = 0;
  std::chrono::milliseconds delay_{};
  std::vector<std::size_t> rejected_;
};

/// How a sink is.
struct sink_health {
  bool healthy = true;
  std::string detail;  ///< what is wrong and what would be right; no secrets
};

/// What a sink is given before its first batch. What the preset forbids, nothing can allow: the only way to make a
/// context is from a preset's type (`basic_runtime`).
class start_context {
 public:
  /// Where a sink reports what the user should know: rate-limited, to stderr. Arguments: message, detail.
  using reporter = std::function<void(std::string_view, std::string_view)>;

  /// For those who drive a sink by hand: allows nothing.
  [[nodiscard]] static start_context without_ddl(reporter report = {}) {
    return start_context{false, std::move(report)};
  }

  /// True where the sink may change the schema of a database if its own settings say so, too.
  [[nodiscard]] bool allow_ddl() const noexcept { return allow_ddl_; }
  void report(std::string_view message, std::string_view detail) const {
    if (report_) report_(message, detail);
  }
  [[nodiscard]] reporter const& report_function() const noexcept { return report_; }

 private:
  template <preset const&>
  friend class basic_runtime;
  start_context(bool allow_ddl, reporter report) : allow_ddl_(allow_ddl), report_(std::move(report)) {}
  bool const allow_ddl_;
  reporter report_;
};

/// A sink has `write(batch const&)`, returning `write_result`, or void or bool for simple ones. Optional members:
/// `start(start_context const&)` before the first batch (may throw: the sink is then offered its batches all the same
/// after another try), `flush()`, `stop()` after the last, `health() const -> sink_health`, `name() const`, and
/// `collect(metric_list&) const`, which adds its figures and may be called from any thread at any time (see `counter`),
/// `static constexpr bool needs_json = false` for sinks that only read the event, and
/// `static constexpr std::size_t batch_size`: batches that wait are put together up to so many records before they are
/// written, where the sink has a thread of its own (default: as the worker made them), and
/// `static constexpr bool may_block`: true for one that may wait for something outside (a network, a database) and gets a
/// thread of its own, false for one that never waits long and may be called by the worker. These three may be members of
/// the object, too, and the first two const functions.
/// Thread: one at a time calls these, not always the same. What they throw is contained, reported and counted.
template <class T>
concept sink = requires(T& s, batch const& b) {
  {s.write(b)};
  requires std::same_as<decltype(s.write(b)), write_result> || std::same_as<decltype(s.write(b)), void> ||
      std::same_as<decltype(s.write(b)), bool>;
};

/// Any sink, held by value. Copies share the sink.
class any_sink {
 public:
  template <class T>
    requires(!std::same_as<std::remove_cvref_t<T>, any_sink>)
  any_sink(T&& s)  // NOLINT(google-explicit-constructor)
      : self_(std::make_shared<model<std::remove_cvref_t<T>>>(std::forward<T>(s))) {
    static_assert(sink<std::remove_cvref_t<T>>,
                  "fapilog: this type is not a sink. A sink has write(fapilog::batch const&) that returns "
                  "fapilog::write_result, void or bool.");
  }
  /// Shares a sink that the caller keeps a hand on.
  template <class T>
  any_sink(std::shared_ptr<T> shared)
      : self_(std::make_shared<model<shared_sink<T>>>(
            shared_sink<T>{std::move(shared)})) {  // NOLINT(google-explicit-constructor)
    static_assert(sink<T>,
                  "fapilog: this type is not a sink. A sink has write(fapilog::batch const&) that returns "
                  "fapilog::write_result, void or bool.");
  }

  void start(start_context const& context) { self_->start(context); }
  write_result write(batch const& entries) { return self_->write(entries); }
  void flush() { self_->flush(); }
  void stop() { self_->stop(); }
  [[nodiscard]] sink_health health() const { return self_->health(); }
  void collect(metric_list& all) const { self_->collect(all); }
  [[nodiscard]] std::string name() const { return self_->name(); }
  [[nodiscard]] bool needs_json() const noexcept { return self_->needs_json(); }
  /// Up to how many records waiting batches should be put together; 0: they should not.
  [[nodiscard]] std::size_t batch_size() const noexcept { return self_->batch_size(); }
  /// What the sink says of itself, or nothing.
  [[nodiscard]] std::optional<bool> may_block() const noexcept { return self_->may_block(); }

 private:
  // What a sink says by a constant, a member or a function.

  template <class T>
  static std::optional<bool> blocking(T const& target) noexcept {
    if constexpr (requires {
                    { target.may_block } -> std::convertible_to<bool>;
                  }) {
      return static_cast<bool>(target.may_block);
    } else {
      return std::nullopt;
    }
  }

  template <class T>
  static bool wants_json(T const& target) noexcept {
    if constexpr (requires {
                    { target.needs_json() } -> std::convertible_to<bool>;
                  }) {
      return target.needs_json();
    } else if constexpr (requires {
                           { target.needs_json } -> std::convertible_to<bool>;
                         }) {
      return static_cast<bool>(target.needs_json);
    } else {
      return true;
    }
  }

  template <class T>
  static std::size_t wanted_batch(T const& target) noexcept {
    if constexpr (requires {
                    { target.batch_size() } -> std::convertible_to<std::size_t>;
                  }) {
      return target.batch_size();
    } else if constexpr (requires {
                           { target.batch_size } -> std::convertible_to<std::size_t>;
                         }) {
      return static_cast<std::size_t>(target.batch_size);
    } else {
      return 0;
    }
  }

  template <class T>
  struct shared_sink {
    std::shared_ptr<T> target;
    auto write(batch const& entries) { return target->write(entries); }
    void start(start_context const& context) {
      if constexpr (requires { target->start(context); }) target->start(context);
    }
    void flush() {
      if constexpr (requires { target->flush(); }) target->flush();
    }
    void stop() {
      if constexpr (requires { target->stop(); }) target->stop();
    }
    [[nodiscard]] sink_health health() const {
      if constexpr (requires { target->health(); }) return target->health();
      return {};
    }
    void collect(metric_list& all) const {
      if constexpr (requires { target->collect(all); }) target->collect(all);
    }
    [[nodiscard]] std::string name() const {
      if constexpr (requires { target->name(); }) return std::string{target->name()};
      return "sink";
    }
    [[nodiscard]] bool needs_json() const noexcept { return wants_json(*target); }
    [[nodiscard]] std::size_t batch_size() const noexcept { return wanted_batch(*target); }
    using held = T;
  };

  struct interface {
    virtual ~interface() = default;
    virtual void start(start_context const&) = 0;
    virtual write_result write(batch const&) = 0;
    virtual void flush() = 0;
    virtual void stop() = 0;
    [[nodiscard]] virtual sink_health health() const = 0;
    virtual void collect(metric_list& all) const = 0;
    [[nodiscard]] virtual std::string name() const = 0;
    [[nodiscard]] virtual bool needs_json() const noexcept = 0;
    [[nodiscard]] virtual std::size_t batch_size() const noexcept = 0;
    [[nodiscard]] virtual std::optional<bool> may_block() const noexcept = 0;
  };

  template <class T>
  struct model final : interface {
    template <class U>
    explicit model(U&& s) : target(std::forward<U>(s)) {}
    void start(start_context const& context) override {
      if constexpr (requires { target.start(context); }) target.start(context);
    }
    write_result write(batch const& entries) override {
      using result = decltype(target.write(entries));
      if constexpr (std::is_void_v<result>) {
        target.write(entries);
        return write_result::delivered();
      } else if constexpr (std::is_same_v<result, bool>) {
        return target.write(entries) ? write_result::delivered()
                                     : write_result::retry("the sink returned false");
      } else {
        return target.write(entries);
      }
    }
    void flush() override {
      if constexpr (requires { target.flush(); }) target.flush();
    }
    void stop() override {
      if constexpr (requires { target.stop(); }) target.stop();
    }
    [[nodiscard]] sink_health health() const override {
      if constexpr (requires { target.health(); }) return target.health();
      return {};
    }
    void collect(metric_list& all) const override {
      if constexpr (requires { target.collect(all); }) target.collect(all);
    }
    [[nodiscard]] std::string name() const override {
      if constexpr (requires { target.name(); }) return std::string{target.name()};
      return "sink";
    }
    [[nodiscard]] bool needs_json() const noexcept override { return wants_json(target); }
    [[nodiscard]] std::size_t batch_size() const noexcept override { return wanted_batch(target); }
    [[nodiscard]] std::optional<bool> may_block() const noexcept override {
      if constexpr (requires { typename T::held; }) return blocking(*target.target);
      else return blocking(target);
    }
    T target;
  };

  std::shared_ptr<interface> self_;
};

}  // namespace fapilog::inline v0_1
