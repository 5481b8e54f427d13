// SPDX-License-Identifier: MIT
// The fixed order of the stages: filters, enrichers, redactors, JSON, processors.
#pragma once

#include <fapilog/detail/system.hpp>
#include <fapilog/engine/failed_redaction.hpp>
#include <fapilog/metrics/diagnostics.hpp>
#include <fapilog/metrics/metric.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/record/envelope.hpp>
#include <fapilog/record/event.hpp>
#include <fapilog/stages/enricher.hpp>
#include <fapilog/stages/filter.hpp>
#include <fapilog/stages/processor.hpp>
#include <fapilog/stages/redactor.hpp>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <typeinfo>
#include <utility>
#include <vector>

namespace fapilog::engine {

/// The stages of a runtime, in the order in which they were given.
struct stage_set {
  std::vector<any_filter> filters;
  std::vector<any_enricher> enrichers;
  std::vector<any_redactor> redactors;
  std::vector<any_processor> processors;
  redaction_fail_mode on_failed_redaction = redaction_fail_mode::closed;
};

/// Runs an event through the stages. Thread: the worker's. Throws: only std::bad_alloc.
class pipeline {
 public:
  enum class fate { keep, filtered, failed };

  pipeline(stage_set stages, bool needs_json, std::shared_ptr<diagnostics> tell)
      : stages_(std::move(stages)), needs_json_(needs_json), tell_(std::move(tell)) {
    each_stage([this](stage_base const& s) {
      std::string name = s.name();
      bool const is_known =
          std::any_of(errors_.begin(), errors_.end(), [&](auto const& e) { return e.first == name; });
      if (!is_known) errors_.emplace_back(std::move(name), std::make_unique<counter>());
    });
  }

  /// Filters, enrichers, redactors.
  [[nodiscard]] fate run(event& e) {
    for (any_filter& f : stages_.filters) {
      if (e.is_own) break;
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

  /// Calls `action(stage_base&)` for each stage, in order.
  template <class Action>
  void each_stage(Action const& action) {
    for (any_filter& s : stages_.filters) action(s.base());
    for (any_enricher& s : stages_.enrichers) action(s.base());
    for (any_redactor& s : stages_.redactors) action(s.base());
    for (any_processor& s : stages_.processors) action(s.base());
  }
  /// Records that a redactor could not finish, whatever became of them. Thread: any.
  [[nodiscard]] std::uint64_t failed_redactions() const noexcept { return failed_redactions_.value(); }
  /// Thread: any.
  void collect(metric_list& all) const {
    for (any_filter const& s : stages_.filters) collect(all, s.base());
    for (any_enricher const& s : stages_.enrichers) collect(all, s.base());
    for (any_redactor const& s : stages_.redactors) collect(all, s.base());
    for (any_processor const& s : stages_.processors) collect(all, s.base());
    metric refused;
    refused.name = "fapilog_redaction_exceptions_total";
    refused.help = "Records that a redactor could not finish.";
    refused.value = static_cast<double>(failed_redactions_.value());
    all.push_back(std::move(refused));
    for (auto const& [name, count] : errors_) {
      metric m;
      m.name = "fapilog_plugin_errors_total";
      m.help = "Events for which a stage threw.";
      m.labels = {{"plugin", name}};
      m.value = static_cast<double>(count->value());
      all.push_back(std::move(m));
    }
  }
  /// What stages have to tell of what they left out.
  void summarise(std::int64_t now_ns, bool last, std::vector<own_record>& all) {
    each_stage([&](stage_base& s) {
      guarded(s, "the stage threw in summarise", [&] { s.summarise(now_ns, last, all); });
    });
  }
  /// When that is next worth a call, in nanoseconds since 1970-01-01 UTC; 0 for never.
  [[nodiscard]] std::int64_t summary_due() {
    std::int64_t first = 0;
    each_stage([&](stage_base& s) {
      guarded(s, "the stage threw in summary_due", [&] {
        std::int64_t const due = s.summary_due();
        if (due != 0 && (first == 0 || due < first)) first = due;
      });
    });
    return first;
  }

  /// Appends the event's line with its end, where any sink wants one. False: a processor dropped the record.
  [[nodiscard]] bool write(event const& e, detail::text_buffer& text) {
    if (!needs_json_) return true;
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
    tell_->warn(name, message, why);
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
    tell_->warn(of.name(),
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
  std::vector<std::pair<std::string, std::unique_ptr<counter>>> errors_;  ///< by stage; does not change
  bool needs_json_;
  std::shared_ptr<diagnostics> tell_;
  envelope_writer envelope_;
  std::string line_;
  counter failed_redactions_;
};

}  // namespace fapilog::engine
