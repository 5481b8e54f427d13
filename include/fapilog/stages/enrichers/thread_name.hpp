// SPDX-License-Identifier: MIT
// Adds the name of the thread that made the call.
#pragma once

#include <fapilog/detail/memory/recent_table.hpp>
#include <fapilog/detail/os/system.hpp>
#include <fapilog/detail/settings/setting_check.hpp>
#include <fapilog/setting.hpp>
#include <fapilog/stages/enricher.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace fapilog::inline v0_1::enrichers {

struct thread_name_config {
  /// Seconds after which a thread's name is looked up again.
  double refresh_seconds = 10.0;
  /// Threads whose names are remembered, about 80 bytes each.
  std::uint32_t max_threads = 1'024;
  /// Returns the name of a thread, or an empty string. Tests can replace it.
  std::function<std::string(std::uint64_t)> name_of = detail::name_of_thread;

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    visit(setting{.name = "refresh_seconds",
                  .text = "A thread's name is looked up again after this time, in seconds.",
                  .min = 0,
                  .max = 86'400,
                  .above_min = true},
          self.refresh_seconds);
    visit(
        setting{
            .name = "max_threads", .text = "Threads whose names are remembered.", .min = 1, .max = 1'000'000},
        self.max_threads);
  }
};

/// Adds `thread_name` to `diagnostics`, on Linux only. The worker looks the name up: a thread that has ended before the
/// first lookup has no name, and a thread that changes its name keeps the old one for up to `refresh_seconds`. A known
/// name is kept after the thread has ended. Throws: std::invalid_argument in the constructor; std::bad_alloc. Thread: the
/// worker's.
class thread_name {
 public:
  explicit thread_name(thread_name_config config = {})
      : config_(checked(std::move(config))),
        refresh_ns_(static_cast<std::int64_t>(config_.refresh_seconds * 1e9)),
        known_(config_.max_threads) {}

  [[nodiscard]] static constexpr std::string_view name() noexcept { return "thread_name"; }

  void enrich(event& e) {
    thread* known = known_.renew(mixed(e.thread_id));
    if (known == nullptr) {
      known = &known_.add(mixed(e.thread_id));
      look_up(*known, e);
    } else if (std::int64_t const age = e.unix_ns - known->looked_up_ns;
               age >= refresh_ns_ || age < -refresh_ns_) {
      look_up(*known, e);
    }
    if (!known->text.empty()) e.diagnostics.set("thread_name", value::of_string(e.copy(known->text)));
  }

 private:
  struct thread {
    std::int64_t looked_up_ns = 0;
    std::string text;
  };

  static thread_name_config checked(thread_name_config config) {
    check_settings(name(), config);
    if (!config.name_of) config.name_of = detail::name_of_thread;
    return config;
  }

  /// Spreads thread ids, which lie close together, over the table.
  static std::uint64_t mixed(std::uint64_t id) noexcept {
    id *= 0x9e3779b97f4a7c15;
    return id ^ (id >> 32);
  }

  void look_up(thread& known, event const& e) const {
    known.looked_up_ns = e.unix_ns;
    if (std::string found = config_.name_of(e.thread_id); !found.empty()) known.text = std::move(found);
  }

  thread_name_config config_;
  std::int64_t refresh_ns_;
  detail::recent_table<thread> known_;
};

}  // namespace fapilog::inline v0_1::enrichers
