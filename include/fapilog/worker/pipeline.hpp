// SPDX-License-Identifier: MIT
// The fixed order of the stages: filters, enrichers, redactors, JSON, processors.
#pragma once

#include <fapilog/detail/os/system.hpp>
#include <fapilog/metrics/diagnostics.hpp>
#include <fapilog/metrics/metric.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/record/envelope.hpp>
#include <fapilog/record/event.hpp>
#include <fapilog/setup/runtime_changes.hpp>
#include <fapilog/stages/enricher.hpp>
#include <fapilog/stages/filter.hpp>
#include <fapilog/stages/processor.hpp>
#include <fapilog/stages/redactor.hpp>
#include <fapilog/worker/failed_redaction.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <typeinfo>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// The stages of a runtime, in the order in which they were given.
struct stage_set {
  std::vector<any_filter> filters;
  std::vector<any_enricher> enrichers;
  std::vector<any_redactor> redactors;
  std::vector<any_processor> processors;
  redaction_fail_mode on_failed_redaction = redaction_fail_mode::closed;
  std::size_t fixed_enrichers = 0;  ///< the first so many are no change's to make
  bool needs_json = true;           ///< false where no sink wants the line
};

/// Runs an event through the stages. Thread: the worker's. Throws: only std::bad_alloc.
class pipeline {
 public:
  enum class fate { keep, filtered, failed };

  pipeline(stage_set stages, std::shared_ptr<diagnostics> tell)
      : stages_(std::move(stages)), diagnostics_(std::move(tell)) {
    each(stages_, [this](stage_base const& s) { know(s); });
  }

  /// Takes over the stages of `changes`, between two records; what they took the place of is in `changes` then.
  /// Throws: std::bad_alloc, and nothing has changed.
  void change(runtime_changes& changes) {
    std::lock_guard const lock{mutex_};
    if (changes.enrichers) {
      changes.enrichers->insert(
          changes.enrichers->begin(), stages_.enrichers.begin(),
          stages_.enrichers.begin() + static_cast<std::ptrdiff_t>(stages_.fixed_enrichers));
    }
    auto const each_pair = [&](auto const& action) {
      action(stages_.filters, changes.filters);
      action(stages_.enrichers, changes.enrichers);
      action(stages_.redactors, changes.redactors);
      action(stages_.processors, changes.processors);
    };
    each_pair([this](auto const&, auto const& next) {
      if (!next) return;
      for (auto const& s : *next) know(s.base());
    });
    each_pair([](auto& stages, auto& next) {
      if (next) std::swap(stages, *next);
    });
    stages_.on_failed_redaction = changes.redaction_fail_mode.value_or(stages_.on_failed_redaction);
  }
  /// Those of stages that a change may replace, in order. Thread: any.
  [[nodiscard]] std::vector<std::string> names() const {
    std::lock_guard const lock{mutex_};
    std::vector<std::string> all;
    std::size_t at = 0;
    std::size_t const fixed = stages_.filters.size();
    each(stages_, [&](stage_base const& s) {
      if (at < fixed || at >= fixed + stages_.fixed_enrichers) all.push_back(s.name());
      ++at;
    });
    return all;
  }
  /// Has the filters that can let less pass do so: `share` of what they were made for.
  void tighten(double share) {
    for (any_filter& f : stages_.filters) {
      guarded(f.base(), "the filter threw in tighten", [&] { f.tighten(share); });
    }
  }
  /// For fork(2): a child must not inherit it locked.
  [[nodiscard]] std::mutex& mutex() noexcept { return mutex_; }

  /// Filters, enrichers, redactors.
  [[nodiscard]] fate run(event& e) {
    for (any_filter& f : stages_.filters) {
      if (e.is_internal) break;
      bool keep = true;
      guarded(f.base(), "a filter threw; the record is kept", [&] { keep = f.keep(e); });
      if (!keep) return fate::filtered;
    }
    for (any_enricher& s : stages_.enrichers) {
      guarded(s.base(), "an enricher threw; the record goes without it", [&] { s.enrich(e); });
    }
    for (any_redactor& s : stages_.redactors) {
      if (!redacted(s, e)) return after_failed_redaction(e);
    }
    return fate::keep;
  }

  /// Records that a redactor could not finish, whatever became of them. Thread: any.
  [[nodiscard]] std::uint64_t failed_redactions() const noexcept { return failed_redactions_.value(); }
  /// Thread: any.
  void collect(metric_list& all) const {
    std::lock_guard const lock{mutex_};
    std::vector<std::string> names;
    each(stages_, [&](stage_base const& s) { names.push_back(s.name()); });
    std::size_t at = 0;
    each(stages_, [&](stage_base const& s) {
      std::size_t const begin = all.size();
      collect(all, s);
      if (std::string const label = label_of(names, at++); !label.empty()) {
        for (std::size_t i = begin; i < all.size(); ++i) all[i].labels.emplace_back("stage", label);
      }
    });
    all.push_back({.name = "fapilog_redaction_exceptions_total",
                   .help = "Records that a redactor could not finish.",
                   .value = static_cast<double>(failed_redactions_.value())});
    for (auto const& [name, count] : errors_) {
      all.push_back({.name = "fapilog_plugin_errors_total",
                     .help = "Events for which a stage threw.",
                     .labels = {{"plugin", name}},
                     .value = static_cast<double>(count->value())});
    }
  }
  /// What stages have to tell of what they left out.
  void summarise(std::int64_t now_ns, bool last, std::vector<internal_record>& all) {
    each(stages_, [&](stage_base& s) {
      guarded(s, "the stage threw in summarise", [&] { s.summarise(now_ns, last, all); });
    });
  }
  /// When that is next worth a call, in nanoseconds since 1970-01-01 UTC; 0 for never.
  [[nodiscard]] std::int64_t summary_due() {
    std::int64_t first = 0;
    each(stages_, [&](stage_base& s) {
      guarded(s, "the stage threw in summary_due", [&] {
        std::int64_t const due = s.summary_due();
        if (due != 0 && (first == 0 || due < first)) first = due;
      });
    });
    return first;
  }

  /// Appends the event's line with its end, where any sink wants one. False: a processor dropped the record.
  [[nodiscard]] bool write(event const& e, detail::text_buffer& text) {
    if (!stages_.needs_json) return true;
    std::size_t const begin = text.size();
    envelope_.put(text, e);
    for (any_processor& s : stages_.processors) {
      line_.assign(text.from(begin));
      bool keep = true;
      bool const ended = guarded(s.base(), "a processor threw; the line stays as it was",
                                 [&] { keep = s.process(e, line_); });
      if (!ended) continue;
      text.shrink(begin);
      if (!keep) return false;
      text.append(line_);
    }
    text.push_back('\n');
    return true;
  }

 private:
  /// Calls `action(stage_base&)` for each stage, in order.
  template <class Stages, class Action>
  static void each(Stages& stages, Action const& action) {
    for (auto& s : stages.filters) action(s.base());
    for (auto& s : stages.enrichers) action(s.base());
    for (auto& s : stages.redactors) action(s.base());
    for (auto& s : stages.processors) action(s.base());
  }
  /// Tells the figures of stages of one name apart: `sampling`, `sampling_2`; empty where it is the only one.
  static std::string label_of(std::vector<std::string> const& names, std::size_t at) {
    std::string const& name = names[at];
    if (std::ranges::count(names, name) == 1) return {};
    auto const nth = std::count(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(at) + 1, name);
    return nth == 1 ? name : name + '_' + std::to_string(nth);
  }
  /// Errors are counted by name, also of stages that have gone.
  void know(stage_base const& s) {
    std::string name = s.name();
    bool const is_known = std::ranges::any_of(errors_, [&](auto const& e) { return e.first == name; });
    if (!is_known) errors_.emplace_back(std::move(name), std::make_unique<counter>());
  }
  static void collect(metric_list& all, stage_base const& s) {
    try {
      s.collect(all);
    } catch (...) {
      // A stage that cannot tell its figures has none.
    }
  }
  void failed(stage_base const& of, std::string_view message, std::string_view why) {
    std::string const name = of.name();
    count_error(name);
    diagnostics_->warn(name, message, why);
  }
  void count_error(std::string const& name) const {
    for (auto const& [known, count] : errors_) {
      if (known == name) return count->add();
    }
  }

  template <class F>
  bool guarded(stage_base const& of, std::string_view message, F&& stage) {
    try {
      stage();
      return true;
    } catch (std::exception const& error) {
      failed(of, message, reason(error));
    } catch (...) {
      failed(of, message, "not derived from std::exception");
    }
    return false;
  }

  /// Where there are redactors the text of what a stage threw is not told: it may have a value that they would mask.
  [[nodiscard]] std::string reason(std::exception const& error) const {
    if (stages_.redactors.empty()) return error.what();
#if defined(__cpp_rtti)
    return detail::demangled(typeid(error).name());
#else
    return "std::exception";
#endif
  }

  /// False where the redactor threw.
  bool redacted(any_redactor& s, event& e) {
    try {
      s.redact(e);
      return true;
    } catch (std::exception const& error) {
      tell_of_failed_redaction(s.base(), reason(error));
    } catch (...) {
      tell_of_failed_redaction(s.base(), "not derived from std::exception");
    }
    return false;
  }
  void tell_of_failed_redaction(stage_base const& of, std::string_view type) {
    count_error(of.name());
    if (stages_.on_failed_redaction == redaction_fail_mode::open) return;
    bool const drops = stages_.on_failed_redaction == redaction_fail_mode::closed;
    diagnostics_->warn(of.name(),
                       drops ? "a redactor threw; the record is dropped"
                             : "a redactor threw; the record goes without its message and values",
                       type);
  }
  /// Nothing that was not looked at passes: not even where there is no memory to replace it.
  fate after_failed_redaction(event& e) {
    failed_redactions_.add();
    if (stages_.on_failed_redaction == redaction_fail_mode::closed) return fate::failed;
    try {
      blank(e);
      return fate::keep;
    } catch (...) {
      return fate::failed;
    }
  }

  stage_set stages_;
  std::vector<std::pair<std::string, std::unique_ptr<counter>>> errors_;  ///< by stage
  mutable std::mutex mutex_;  ///< the worker changes stages under it, others look at them under it
  std::shared_ptr<diagnostics> diagnostics_;
  envelope_writer envelope_;
  std::string line_;
  counter failed_redactions_;
};

}  // namespace fapilog::inline v0_1::detail
