// SPDX-License-Identifier: MIT
// The function by which the crash options refer to the thread that handles crashes.
#pragma once

#include <fapilog/crash/crash_handler.hpp>
#include <fapilog/crash/crash_watch.hpp>
#include <fapilog/detail/compiled.hpp>
#include <fapilog/logger.hpp>
#include <fapilog/setup/policies.hpp>
#include <fapilog/worker/worker.hpp>

#include <memory>
#include <utility>

namespace fapilog::inline v0_1::detail {

FAPILOG_INLINE crash_handler const& program_crash_handler() noexcept {
  static constexpr crash_handler watch{
      .prepare_caller = [] { crash_watch::instance().prepare_caller(); },
      .add = [](std::shared_ptr<worker> const& running, logger log,
                crash_options const& how) { crash_watch::instance().add(running, std::move(log), how); },
      .remove = [](worker const& ended) { crash_watch::instance().remove(ended); }};
  return watch;
}

}  // namespace fapilog::inline v0_1::detail
