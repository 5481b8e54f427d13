// SPDX-License-Identifier: MIT
// The functions by which options refer to the code of features that few programs use: the spool and the crash handler.
#pragma once

#include <fapilog/crash/crash_handler.hpp>
#include <fapilog/crash/crash_watch.hpp>
#include <fapilog/delivery/part_store.hpp>
#include <fapilog/delivery/spool/spooled_parts.hpp>
#include <fapilog/detail/compiled.hpp>
#include <fapilog/logger.hpp>
#include <fapilog/metrics/sink_account.hpp>
#include <fapilog/setup/delivery_options.hpp>
#include <fapilog/setup/policies.hpp>
#include <fapilog/worker/worker.hpp>

#include <memory>
#include <string_view>
#include <utility>

namespace fapilog::inline v0_1::detail {

FAPILOG_INLINE part_store_maker const& spool_maker() noexcept {
  static constexpr part_store_maker maker{[](spool_options const& options, std::string_view sink_name,
                                             part_store::reporter report,
                                             sink_counters& counts) -> std::unique_ptr<part_store> {
    return std::make_unique<spooled_parts>(options, sink_name, std::move(report), counts);
  }};
  return maker;
}

FAPILOG_INLINE crash_handler const& program_crash_handler() noexcept {
  static constexpr crash_handler watch{
      .prepare_caller = [] { crash_watch::instance().prepare_caller(); },
      .add = [](std::shared_ptr<worker> const& running, logger log,
                crash_options const& how) { crash_watch::instance().add(running, std::move(log), how); },
      .remove = [](worker const& ended) { crash_watch::instance().remove(ended); }};
  return watch;
}

}  // namespace fapilog::inline v0_1::detail
