// SPDX-License-Identifier: MIT
// Lets the records of a runtime outlive a process that is killed: include it in the file that makes the runtime.
#pragma once

#include <fapilog/kill_safe/lane_keeper.hpp>
#include <fapilog/queue/record_keeper.hpp>

#include <memory>
#include <string>
#include <utility>

namespace fapilog::inline v0_1::detail {

/// True: with this header in the program, `options::kill_safe` works.
inline bool const has_record_keeper = [] {
  make_record_keeper = [](std::string directory, bool only_in_memory,
                          std::shared_ptr<diagnostics> const& reports) -> std::shared_ptr<record_keeper> {
    return std::make_shared<lane_keeper>(std::move(directory), only_in_memory, reports);
  };
  return true;
}();

}  // namespace fapilog::inline v0_1::detail
