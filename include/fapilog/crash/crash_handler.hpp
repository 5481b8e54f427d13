// SPDX-License-Identifier: MIT
// What a runtime calls to survive a crash: the functions of crash_watch, which few programs need.
#pragma once

#include <fapilog/logger.hpp>
#include <fapilog/setup/policies.hpp>

#include <memory>

namespace fapilog::inline v0_1::detail {

class worker;

/// `crash_watch` documents the functions.
struct crash_handler {
  void (*prepare_caller)();
  void (*add)(std::shared_ptr<worker> const& running, logger log, crash_options const& how);
  void (*remove)(worker const& ended);
};

}  // namespace fapilog::inline v0_1::detail
