// SPDX-License-Identifier: MIT
// Owns the runtime. The records of a unit that another compiler compiled must be complete.
#include "other.hpp"

#include <fapilog/runtime.hpp>

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {
struct keep_lines {
  std::shared_ptr<std::vector<std::string>> lines = std::make_shared<std::vector<std::string>>();
  void write(fapilog::batch const& entries) const {
    for (auto const& entry : entries) lines->emplace_back(entry.json);
  }
};

bool has_all(std::string_view line, std::initializer_list<std::string_view> parts) {
  for (auto const part : parts) {
    if (line.find(part) != line.npos) continue;
    std::printf("%.*s is missing in %.*s\n", static_cast<int>(part.size()), part.data(),
                static_cast<int>(line.size()), line.data());
    return false;
  }
  return true;
}
}  // namespace

int main() {
  keep_lines const sink;
  fapilog::options settings{.source_location = true};
  settings.sinks.clear();
  settings.sinks.emplace_back(sink);
  fapilog::runtime rt{std::move(settings)};
  auto const log = rt.get_logger("units");
  log_in_other_unit(log);
  log.warning("number {} of the first unit", 3, fapilog::kv("path", "/pay"));
  if (!rt.drain(std::chrono::seconds{30}).complete || sink.lines->size() != 3) return 1;
  auto const& lines = *sink.lines;
  bool const is_complete =
      has_all(lines[0], {"\"INFO\"", "number 1 of the other unit", "other.cpp", "\"line\":10",
                         "log_in_other_unit", "\"t-1\"", "\"/pay\""}) &&
      has_all(lines[1], {"\"ERROR\"", "number 2 of the other unit", "other.cpp", "\"line\":11",
                         "log_in_other_unit", "\"t-1\"", "\"/pay\""}) &&
      has_all(lines[2], {"\"WARNING\"", "number 3 of the first unit", "main.cpp", "\"line\":42", "\"/pay\""});
  return is_complete ? 0 : 2;
}
