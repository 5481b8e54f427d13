// SPDX-License-Identifier: MIT
// Runs the stages in their fixed order: filters, enrichers, redactors, JSON, processors.
#pragma once

#include <fapilog/detail/memory/vector.hpp>
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
  std::size_t fixed_enrichers = 0;  ///< the first N belong to the preset; changes keep them
  bool needs_json = true;           ///< false if no sink needs the line
};

/// Runs an event through the stages. Thread: the worker's. Throws: only std::bad_alloc.
class pipeline {
 public:
  enum class verdict { keep, filtered, failed };

  [[gnu::cold]] pipeline(stage_set stages, std::shared_ptr<diagnostics> reports)
      : stages_{share(std::move(stages.filters)), share(std::move(stages.enrichers)),
                share(std::move(stages.redactors)), share(std::move(stages.processors))},
        on_failed_redaction_(stages.on_failed_redaction),
        fixed_enrichers_(stages.fixed_enrichers),
        needs_json_(stages.needs_json),
        diagnostics_(std::move(reports)) {
    errors_ = with_counters({}, stages_);
  }

  /// Replaces stages by those in `changes`, between two records. Throws: std::bad_alloc, without any effect.
  [[gnu::cold]] void change(runtime_changes& changes) {
    active next = stages_;
    if (changes.filters) next.filters = share(std::move(*changes.filters));
    if (changes.enrichers) {
      auto const fixed = stages_.enrichers->begin();
      changes.enrichers->insert(changes.enrichers->begin(), fixed,
                                fixed + static_cast<std::ptrdiff_t>(fixed_enrichers_));
      next.enrichers = share(std::move(*changes.enrichers));
    }
    if (changes.redactors) next.redactors = share(std::move(*changes.redactors));
    if (changes.processors) next.processors = share(std::move(*changes.processors));
    // Stages are code of the user, which may use the runtime: none is called under the mutex.
    error_counters errors = with_counters(errors_, next);
    std::unique_lock lock{mutex_};
    std::swap(stages_, next);
    std::swap(errors_, errors);
    lock.unlock();
    on_failed_redaction_ = changes.redaction_fail_mode.value_or(on_failed_redaction_);
  }
  /// Names of the stages that a change may replace, in order. Thread: any.
  [[nodiscard, gnu::cold]] std::vector<std::string> names() const {
    active const now = snapshot();
    std::vector<std::string> all;
    std::size_t at = 0;
    std::size_t const fixed = now.filters->size();
    each(now, [&](stage_base const& s) {
      if (at < fixed || at >= fixed + fixed_enrichers_) all.push_back(s.name());
      ++at;
    });
    return all;
  }
  /// Sets adjustable filters to `share` of their configured rate.
  [[gnu::cold]] void tighten(double share) {
    for (any_filter& f : *stages_.filters) {
      guarded(f.base(), "the filter threw in tighten", [&] { f.tighten(share); });
    }
  }
  /// Held during fork(2), so that a child does not inherit it locked.
  [[nodiscard]] std::mutex& mutex() noexcept { return mutex_; }

  /// Runs filters, enrichers and redactors. Internal records skip the filters.
  [[nodiscard]] verdict run(event& e) {
    for (any_filter& f : *stages_.filters) {
      if (e.is_internal) break;
      bool keep = true;
      guarded(f.base(), "a filter threw; the record is kept", [&] { keep = f.keep(e); });
      if (!keep) return verdict::filtered;
    }
    for (any_enricher& s : *stages_.enrichers) {
      guarded(s.base(), "an enricher threw; the record lacks its fields", [&] { s.enrich(e); });
    }
    for (any_redactor& s : *stages_.redactors) {
      if (!redact(s, e)) return after_failed_redaction(e);
    }
    return verdict::keep;
  }

  /// Records that a redactor could not finish, dropped or not. Thread: any.
  [[nodiscard]] std::uint64_t failed_redactions() const noexcept { return failed_redactions_.value(); }
  /// Thread: any.
  [[gnu::cold]] void collect(metric_list& all) const {
    std::unique_lock lock{mutex_};
    active const now = stages_;
    error_counters const errors = errors_;
    lock.unlock();
    std::vector<std::string> names;
    each(now, [&](stage_base const& s) { names.push_back(s.name()); });
    std::size_t at = 0;
    each(now, [&](stage_base const& s) {
      std::size_t const begin = all.size();
      collect(all, s);
      if (std::string const label = label_of(names, at++); !label.empty()) {
        for (std::size_t i = begin; i < all.size(); ++i) all[i].labels.emplace_back("stage", label);
      }
    });
    all.push_back({.name = "fapilog_redaction_exceptions_total",
                   .help = "Records that a redactor could not finish.",
                   .value = static_cast<double>(failed_redactions_.value())});
    for (auto const& [name, count] : errors) {
      all.push_back({.name = "fapilog_plugin_errors_total",
                     .help = "Events for which a stage threw.",
                     .labels = {{"plugin", name}},
                     .value = static_cast<double>(count->value())});
    }
  }
  /// Adds the summaries of what stages left out. With `last`, adds all of them, due or not.
  [[gnu::cold]] void summarise(std::int64_t now_ns, bool last, std::vector<internal_record>& all) {
    each(stages_, [&](stage_base& s) {
      guarded(s, "the stage threw in summarise", [&] { s.summarise(now_ns, last, all); });
    });
  }
  /// When the next summary is due, in nanoseconds since 1970-01-01 UTC; 0 for never.
  [[nodiscard]] std::int64_t summary_due() const {
    std::int64_t first = 0;
    each(stages_, [&](stage_base const& s) {
      guarded(s, "the stage threw in summary_due", [&] {
        std::int64_t const due = s.summary_due();
        if (due != 0 && (first == 0 || due < first)) first = due;
      });
    });
    return first;
  }

  /// Appends the event's line with its end, if any sink needs one. False if a processor dropped the record.
  [[nodiscard]] bool write(event const& e, detail::text_buffer& text) {
    if (!needs_json_) return true;
    std::size_t const begin = text.size();
    envelope_.put(text, e);
    for (any_processor& s : *stages_.processors) {
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
  /// The stages in force. Shared, so that other threads can read them without a lock while the worker replaces them.
  struct active {
    std::shared_ptr<std::vector<any_filter>> filters;
    std::shared_ptr<std::vector<any_enricher>> enrichers;
    std::shared_ptr<std::vector<any_redactor>> redactors;
    std::shared_ptr<std::vector<any_processor>> processors;
  };
  using error_counters = vector<std::pair<std::string, std::shared_ptr<counter>>>;

  /// Calls `action(stage_base&)` for each stage, in order.
  template <class Action>
  static void each(active const& stages, Action const& action) {
    for (auto& s : *stages.filters) action(s.base());
    for (auto& s : *stages.enrichers) action(s.base());
    for (auto& s : *stages.redactors) action(s.base());
    for (auto& s : *stages.processors) action(s.base());
  }
  /// Distinguishes the metrics of stages with the same name: `sampling`, `sampling_2`. Empty if the name is unique.
  [[gnu::cold]] static std::string label_of(std::vector<std::string> const& names, std::size_t at) {
    std::string const& name = names[at];
    if (std::ranges::count(names, name) == 1) return {};
    auto const nth = std::count(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(at) + 1, name);
    return nth == 1 ? name : name + '_' + std::to_string(nth);
  }
  /// Adds an error counter for each stage. Counters of removed stages stay.
  [[nodiscard, gnu::cold]] static error_counters with_counters(error_counters all, active const& stages) {
    each(stages, [&all](stage_base const& s) {
      std::string name = s.name();
      bool const is_known = std::ranges::any_of(all, [&](auto const& e) { return e.first == name; });
      if (!is_known) all.emplace_back(std::move(name), std::make_shared<counter>());
    });
    return all;
  }
  template <class Stage>
  [[nodiscard]] static std::shared_ptr<std::vector<Stage>> share(std::vector<Stage> stages) {
    return std::make_shared<std::vector<Stage>>(std::move(stages));
  }
  /// The stages, for threads that read them while the worker replaces them.
  [[nodiscard, gnu::cold]] active snapshot() const {
    std::lock_guard const lock{mutex_};
    return stages_;
  }
  [[gnu::cold]] static void collect(metric_list& all, stage_base const& s) {
    try {
      s.collect(all);
    } catch (...) {
      // A stage whose `collect` throws has no metrics.
    }
  }
  [[gnu::cold]] void report_failure(stage_base const& of, std::string_view message,
                                    std::string_view why) const {
    std::string const name = of.name();
    count_error(name);
    diagnostics_->warn(name, message, why);
  }
  [[gnu::cold]] void count_error(std::string const& name) const {
    for (auto const& [known, count] : errors_) {
      if (known == name) return count->add();
    }
  }

  template <class F>
  bool guarded(stage_base const& of, std::string_view message, F&& stage) const {
    try {
      stage();
      return true;
    } catch (std::exception const& error) {
      report_failure(of, message, reason(error));
    } catch (...) {
      report_failure(of, message, "not derived from std::exception");
    }
    return false;
  }

  /// If there are redactors, the text of an exception is not reported: it may contain a value that they would mask.
  [[nodiscard, gnu::cold]] std::string reason(std::exception const& error) const {
    if (stages_.redactors->empty()) return error.what();
#if defined(__cpp_rtti)
    return detail::demangled(typeid(error).name());
#else
    return "std::exception";
#endif
  }

  /// False if the redactor threw.
  bool redact(any_redactor& s, event& e) {
    try {
      s.redact(e);
      return true;
    } catch (std::exception const& error) {
      report_failed_redaction(s.base(), reason(error));
    } catch (...) {
      report_failed_redaction(s.base(), "not derived from std::exception");
    }
    return false;
  }
  [[gnu::cold]] void report_failed_redaction(stage_base const& of, std::string_view type) {
    count_error(of.name());
    if (on_failed_redaction_ == redaction_fail_mode::open) return;
    bool const drops = on_failed_redaction_ == redaction_fail_mode::closed;
    diagnostics_->warn(of.name(),
                       drops ? "a redactor threw; the record is dropped"
                             : "a redactor threw; the record is written without its message and values",
                       type);
  }
  /// No value that was not redacted passes, not even without memory to replace it.
  [[gnu::cold]] verdict after_failed_redaction(event& e) {
    failed_redactions_.add();
    if (on_failed_redaction_ == redaction_fail_mode::closed) return verdict::failed;
    try {
      blank(e);
      return verdict::keep;
    } catch (...) {
      return verdict::failed;
    }
  }

  active stages_;  ///< written by the worker, under the mutex
  redaction_fail_mode on_failed_redaction_;
  std::size_t const fixed_enrichers_;
  bool const needs_json_;
  error_counters errors_;  ///< by stage; written by the worker, under the mutex
  mutable std::mutex
      mutex_;  ///< held by the worker while it replaces the stages, by others while they copy them
  std::shared_ptr<diagnostics> diagnostics_;
  detail::envelope_writer envelope_;
  std::string line_;
  counter failed_redactions_;
};

}  // namespace fapilog::inline v0_1::detail
