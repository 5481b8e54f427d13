// SPDX-License-Identifier: MIT
// Collects the lines of diagnostics for a test.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace support {

struct captured_diagnostics {
  std::shared_ptr<std::string> text = std::make_shared<std::string>();
  std::shared_ptr<std::mutex> mutex = std::make_shared<std::mutex>();
  void operator()(std::string_view line) const {
    std::lock_guard const lock{*mutex};
    *text += line;
  }
  [[nodiscard]] bool contains(std::string const& words) const {
    std::lock_guard const lock{*mutex};
    return text->find(words) != std::string::npos;
  }
};

}  // namespace support
