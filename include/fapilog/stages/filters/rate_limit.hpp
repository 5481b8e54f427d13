// SPDX-License-Identifier: MIT
// Limits the events per second of each key, with bursts, by a token bucket per key.
#pragma once

#include <fapilog/detail/memory/recent_table.hpp>
#include <fapilog/detail/settings/setting_check.hpp>
#include <fapilog/setting.hpp>
#include <fapilog/stages/filter.hpp>
#include <fapilog/stages/filters/detail/event_key.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::filters {

/// What happens to an event beyond the limit.
enum class overflow_action : std::uint8_t {
  drop,
  mark,  ///< keep it and set `data._rate_limited` to true
};

}  // namespace fapilog::inline v0_1::filters

template <>
struct fapilog::enum_names<fapilog::filters::overflow_action> {
  static constexpr std::array names{std::pair{filters::overflow_action::drop, std::string_view{"drop"}},
                                    std::pair{filters::overflow_action::mark, std::string_view{"mark"}}};
};

namespace fapilog::inline v0_1::filters {

struct rate_limit_config {
  /// Events that may pass at once.
  std::uint32_t capacity = 10;
  /// Events per second that may pass in the long run.
  double refill_rate_per_sec = 5.0;
  /// Path in the envelope, such as "context.user_id". Each value has its own bucket; events without a value share one.
  /// Empty: one bucket for all events.
  std::string key_field = {};
  /// Keys that are remembered, about 64 bytes each. A new key replaces the least recently seen one.
  std::uint32_t max_keys = 10'000;
  filters::overflow_action overflow_action = filters::overflow_action::drop;

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    visit(setting{.name = "capacity", .text = "Events that may pass at once.", .min = 1}, self.capacity);
    visit(setting{.name = "refill_rate_per_sec",
                  .text = "Events per second that may pass in the long run.",
                  .min = 0,
                  .max = 1e9,
                  .above_min = true},
          self.refill_rate_per_sec);
    visit(setting{.name = "key_field",
                  .text = "Path of the key; each of its values has a bucket. Empty: one bucket for all."},
          self.key_field);
    visit(setting{.name = "max_keys", .text = "Keys that are remembered.", .min = 1, .max = 10'000'000},
          self.max_keys);
    visit(setting{.name = "overflow_action",
                  .text = "What happens to an event beyond the limit: `drop`, or `mark` with "
                          "`data._rate_limited`."},
          self.overflow_action);
  }
};

/// Time is that of the calls. A key that was forgotten starts with a full bucket: with more keys than `max_keys` more
/// events pass, never fewer. Throws: std::invalid_argument in the constructor; std::bad_alloc. Thread: the worker's;
/// `collect` any.
class rate_limit {
 public:
  explicit rate_limit(rate_limit_config const& config = {})
      : config_(checked(config)),
        key_(name(), "key_field",
             config.key_field.empty() ? std::vector<std::string>{} : std::vector{config.key_field}),
        buckets_(config.max_keys) {}

  [[nodiscard]] static constexpr std::string_view name() noexcept { return "rate_limit"; }

  [[nodiscard]] bool keep(event& e) {
    if (take_token(bucket_of(e), e.unix_ns)) return true;
    if (config_.overflow_action == filters::overflow_action::drop) return false;
    e.data.set("_rate_limited", value::of_bool(true));
    return true;
  }

  void collect(metric_list& all) const {
    all.push_back({.name = "fapilog_rate_limit_keys_tracked",
                   .help = "Keys that the rate limit remembers.",
                   .kind = metric_kind::gauge,
                   .value = static_cast<double>(tracked_.value())});
  }

 private:
  struct bucket {
    double tokens = 0;
    std::int64_t last_ns = 0;
    bool is_used = false;
  };

  static rate_limit_config const& checked(rate_limit_config const& config) {
    check_settings(name(), config);
    return config;
  }

  [[nodiscard]] bucket& bucket_of(event const& e) {
    auto const key = key_.hash_of(e);
    if (!key) return without_key_;
    if (bucket* const known = buckets_.renew(*key)) return *known;
    bucket& added = buckets_.add(*key);
    tracked_.set(buckets_.size());
    return added;
  }

  [[nodiscard]] bool take_token(bucket& b, std::int64_t now) const noexcept {
    if (!b.is_used) {
      b = {static_cast<double>(config_.capacity), now, true};
    } else if (std::int64_t const passed = detail::time_passed(b.last_ns, now); passed > 0) {
      double const refill = static_cast<double>(passed) * 1e-9 * config_.refill_rate_per_sec;
      b.tokens = (std::min)(b.tokens + refill, static_cast<double>(config_.capacity));
    }
    if (b.tokens < 1) return false;
    b.tokens -= 1;
    return true;
  }

  rate_limit_config config_;
  detail::event_key key_;
  detail::recent_table<bucket> buckets_;
  bucket without_key_;
  counter tracked_;
};

}  // namespace fapilog::inline v0_1::filters
