// SPDX-License-Identifier: MIT
// A sink that ends the process if another sink fails, so that no record counts as delivered that is not.
#pragma once

#include "command.hpp"

#include <fapilog/metrics/metric.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/sinks/sink.hpp>

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cli {

/// Ends the process as a kill would: what was not delivered stays where it is.
[[noreturn]] inline void abandon(std::string_view what, std::string_view why) {
  std::cerr << "fapilog: " << what << ": " << why
            << "; the records that were not delivered stay where they are\n";
  std::_Exit(failure);
}

/// Passes everything on to a sink. Ends the process if the sink cannot be started, or has failed for a while.
class strict_sink {
 public:
  enum class on_rejection { count, abandon };

  strict_sink(fapilog::any_sink target, on_rejection policy)
      : needs_json(target.needs_json()),
        may_block(target.may_block().value_or(true)),
        batch_size(target.batch_size()),
        target_(std::move(target)),
        rejection_(policy) {}

  void start(fapilog::start_context const& context) {
    try {
      target_.start(context);
    } catch (std::exception const& error) {
      abandon(name(), error.what());
    }
    last_progress_ = std::chrono::steady_clock::now();
  }
  fapilog::write_result write(fapilog::batch const& entries) {
    auto const result = attempt(entries);
    auto const now = std::chrono::steady_clock::now();
    auto const& again = result.entries_to_retry();
    bool const is_retry = result.outcome() == fapilog::write_outcome::retry;
    bool const is_stuck =
        is_retry && (again.empty() ? result.first_to_retry() == 0 : again.size() == entries.size());
    if (!is_stuck) last_progress_ = now;
    else if (result.is_refused() || now - last_progress_ > longest_failure) abandon(name(), result.reason());
    if (rejection_ == on_rejection::abandon && !result.rejected_entries().empty())
      abandon(name(), result.reason());
    return result;
  }
  [[nodiscard]] std::vector<bool> find_arrived(fapilog::batch const& entries) {
    return target_.find_arrived(entries);
  }
  void flush() {
    try {
      target_.flush();
    } catch (std::exception const& error) {
      abandon(name(), error.what());
    }
  }
  void stop() { target_.stop(); }
  [[nodiscard]] fapilog::sink_health health() const { return target_.health(); }
  void collect(fapilog::metric_list& all) const { target_.collect(all); }
  [[nodiscard]] std::string name() const { return target_.name(); }

  bool needs_json;
  bool may_block;
  std::size_t batch_size;

 private:
  static constexpr std::chrono::seconds longest_failure{30};

  [[nodiscard]] fapilog::write_result attempt(fapilog::batch const& entries) {
    try {
      return target_.write(entries);
    } catch (std::exception const& error) {
      return fapilog::write_result::retry(error.what());
    }
  }

  fapilog::any_sink target_;
  on_rejection rejection_;
  std::chrono::steady_clock::time_point last_progress_{};
};

}  // namespace cli
