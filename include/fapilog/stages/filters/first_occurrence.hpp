// SPDX-License-Identifier: MIT
// Passes the first event of each key, and a share of those that follow within a window.
#pragma once

#include <fapilog/detail/chance.hpp>
#include <fapilog/detail/memory/recent_table.hpp>
#include <fapilog/detail/settings/setting_check.hpp>
#include <fapilog/setting.hpp>
#include <fapilog/stages/filter.hpp>
#include <fapilog/stages/filters/detail/event_key.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::filters {

struct first_occurrence_config {
  /// Paths in the envelope. Their values together are the key.
  std::vector<std::string> key_fields = {"message"};
  /// How long after its first occurrence a key counts as known.
  double window_seconds = 60.0;
  /// Keys that are remembered, about 40 bytes each. A new key replaces the least recently seen one.
  std::uint32_t max_keys = 10'000;
  /// Share of the later events that pass, 0 to 1.
  double subsequent_sample_rate = 0.0;
  /// Seed of the random choices for `subsequent_sample_rate`.
  std::optional<std::uint64_t> seed = std::nullopt;

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    visit(setting{.name = "key_fields",
                  .text = "Paths in the envelope whose values together are the key.",
                  .not_empty = true},
          self.key_fields);
    visit(setting{.name = "window_seconds",
                  .text = "How long after its first occurrence a key counts as known, in seconds.",
                  .min = 0,
                  .max = 31'536'000,
                  .above_min = true},
          self.window_seconds);
    visit(setting{.name = "max_keys", .text = "Keys that are remembered.", .min = 1, .max = 10'000'000},
          self.max_keys);
    visit(setting{.name = "subsequent_sample_rate",
                  .text = "Share of the later events of a key that pass.",
                  .min = 0,
                  .max = 1},
          self.subsequent_sample_rate);
    visit(
        setting{.name = "seed",
                .text = "Seed of the random choices among later events; without it they differ in each run."},
        self.seed);
  }
};

/// The window starts with the first event of a key, by the time of the calls, and is not extended: a key that never pauses
/// passes once per window. An event without any of the key's values passes, and so does one whose key was forgotten.
/// Throws: std::invalid_argument in the constructor; std::bad_alloc. Thread: the worker's; `collect` any.
class first_occurrence {
 public:
  explicit first_occurrence(first_occurrence_config const& config = {})
      : key_(checked(config), "key_fields", config.key_fields),
        window_ns_(static_cast<std::int64_t>(config.window_seconds * 1e9)),
        later_(config.subsequent_sample_rate),
        random_(config.seed),
        known_(config.max_keys) {}

  [[nodiscard]] static constexpr std::string_view name() noexcept { return "first_occurrence"; }

  [[nodiscard]] bool keep(event const& e) {
    auto const key = key_.hash_of(e);
    if (!key) return true;
    std::int64_t* first_ns = known_.renew(*key);
    if (first_ns == nullptr) {
      known_.add(*key) = e.unix_ns;
      tracked_.set(known_.size());
      return true;
    }
    std::int64_t const age = e.unix_ns - *first_ns;
    if (age >= window_ns_ || age < -window_ns_) {  // over, or the clock was set back
      *first_ns = e.unix_ns;
      return true;
    }
    return later_.takes(random_.next());
  }

  void collect(metric_list& all) const {
    all.push_back({.name = "fapilog_first_occurrence_keys_tracked",
                   .help = "Keys that first_occurrence remembers.",
                   .kind = metric_kind::gauge,
                   .value = static_cast<double>(tracked_.value())});
  }

 private:
  static std::string_view checked(first_occurrence_config const& config) {
    check_settings(name(), config);
    return name();
  }

  detail::event_key key_;
  std::int64_t window_ns_;
  detail::chance later_;
  detail::random_bits random_;
  detail::recent_table<std::int64_t> known_;  ///< when each was first seen
  counter tracked_;
};

}  // namespace fapilog::inline v0_1::filters
