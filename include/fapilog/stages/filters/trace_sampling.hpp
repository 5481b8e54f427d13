// SPDX-License-Identifier: MIT
// Keeps all events of a share of all traces: the same traces in every process.
#pragma once

#include <fapilog/detail/chance.hpp>
#include <fapilog/detail/hash/siphash.hpp>
#include <fapilog/detail/settings/setting_check.hpp>
#include <fapilog/record/event_path.hpp>
#include <fapilog/record/level.hpp>
#include <fapilog/setting.hpp>
#include <fapilog/stages/filter.hpp>
#include <fapilog/stages/filters/detail/event_key.hpp>
#include <fapilog/stages/filters/detail/sample_rate.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fapilog::inline v0_1::filters {

struct trace_sampling_config {
  /// Share of traces that are kept, 0 to 1.
  double sample_rate = 0.1;
  /// Path of the trace id in the envelope.
  std::string trace_id_field = "context.trace_id";
  /// Events of these levels always pass. The default includes AUDIT and SECURITY, because a sampled audit trail is not a
  /// trail.
  level_set always_pass_levels = level_set::of(fapilog::level::error, fapilog::level::critical,
                                               fapilog::level::audit, fapilog::level::security);
  /// Seed of the random choices for events without a trace id. Without a seed they differ in each run.
  std::optional<std::uint64_t> seed = std::nullopt;

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    visit(setting{.name = "sample_rate", .text = "Share of traces that are kept.", .min = 0, .max = 1},
          self.sample_rate);
    visit(setting{.name = "trace_id_field",
                  .text = "Path of the trace id; an event without one is sampled at random."},
          self.trace_id_field);
    visit(setting{.name = "always_pass_levels", .text = "Levels that always pass."}, self.always_pass_levels);
    visit(setting{.name = "seed",
                  .text = "Seed of the random choices for events without a trace id; without it they differ "
                          "in each run."},
          self.seed);
  }
};

/// A trace is kept if SipHash-2-4 of its id, with a key of zeros, is below `sample_rate` * 2^64. So processes agree
/// without communication, and the traces kept at a lower rate are a subset of those kept at a higher one. A client that
/// chooses trace ids chooses which traces are kept. Throws: std::invalid_argument in the constructor; std::bad_alloc.
/// Thread: the worker's; `collect` any.
class trace_sampling {
 public:
  explicit trace_sampling(trace_sampling_config const& config = {})
      : always_(config.always_pass_levels),
        rate_(checked(config)),
        chance_(rate_),
        path_(detail::path_of_setting(name(), "trace_id_field", config.trace_id_field)),
        random_(config.seed) {}

  [[nodiscard]] static constexpr std::string_view name() noexcept { return "trace_sampling"; }

  [[nodiscard]] bool keep(event const& e) {
    if (chance_.is_certain() || always_.contains(e.severity)) return true;
    auto const id = path_.text(e, memory_);
    return chance_.takes(id && !id->empty() ? detail::siphash<2, 4>({}, *id) : random_.next());
  }
  void collect(metric_list& all) const { all.push_back(detail::sample_rate_metric(name(), rate_)); }

 private:
  static double checked(trace_sampling_config const& config) {
    check_settings(name(), config);
    return config.sample_rate;
  }

  level_set always_;
  double rate_;
  detail::chance chance_;
  event_path path_;
  detail::scratch_buffer memory_;
  detail::random_bits random_;
};

}  // namespace fapilog::inline v0_1::filters
