// SPDX-License-Identifier: MIT
// The sink for the Windows Event Log: each record is one event.
#pragma once

#include <fapilog/detail/os/system.hpp>
#include <fapilog/detail/os/windows_event_source.hpp>
#include <fapilog/detail/settings/setting_check.hpp>
#include <fapilog/detail/text/concat.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/record/event.hpp>
#include <fapilog/sinks/sink.hpp>
#include <fapilog/sinks/windows_event_log/config.hpp>
#include <fapilog/sinks/windows_event_log/detail/event_text.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace fapilog::inline v0_1::sinks {

/// Writes each record as one event: ERROR and CRITICAL as errors, WARNING and SECURITY as warnings, all others as information. The
/// text of the event is the message and a line for each field. Give the sink a route, such as from WARNING on: the log is for
/// administrators. While the service or the log accepts nothing, records wait in the queue, the
/// spool or the fallback of their delivery. Thread: one at a time. Throws: std::bad_alloc. The constructor throws
/// std::invalid_argument for invalid settings.
class windows_event_log {
 public:
  static constexpr bool needs_json = false;
  static constexpr bool may_block = true;

  explicit windows_event_log(windows_event_log_config config = {}) : config_(std::move(config)) {
    check_settings(name(), config_);
    if (config_.source.empty()) config_.source = detail::program_name();
  }

  [[nodiscard]] static std::string_view name() noexcept { return "windows_event_log"; }

  write_result write(batch const& entries) {
    for (std::size_t i = 0; i < entries.size(); ++i) {
      event const& e = entries[i].event;
      unsigned long error = source_->is_open() ? 0 : source_->open(config_.source);
      if (error == 0) {
        error = source_->report(detail::event_log::type_of(e.severity),
                                detail::event_log::id_of(e, config_.event_id), text_.put(e));
      }
      if (error == 0) continue;
      source_->close();  // after a restart of the service, the handle is invalid
      problem_ = detail::concat({"source ", config_.source, ": ", meaning_of(error)});
      return write_result::retry(problem_, i);
    }
    problem_.clear();
    return write_result::delivered();
  }

  void stop() { source_->close(); }

  [[nodiscard]] sink_health health() const {
    return problem_.empty() ? sink_health{} : sink_health{false, problem_};
  }

 private:
  [[nodiscard, gnu::cold]] static std::string meaning_of(unsigned long error) {
    switch (error) {
      case 5: return "access is denied; the log Security accepts no events of programs";
      case 1502: return "the log is full; let it overwrite old events, or archive it";
      case 1717:  // RPC_S_UNKNOWN_IF
      case 1722:  // RPC_S_SERVER_UNAVAILABLE
      case 1726: return "the service Windows Event Log does not run";
      default: return "error " + std::to_string(error) + " of Windows";
    }
  }

  std::unique_ptr<detail::event_source> source_ = std::make_unique<detail::event_source>();
  windows_event_log_config config_;
  detail::event_log::text_writer text_;
  std::string problem_;
};

}  // namespace fapilog::inline v0_1::sinks
