// SPDX-License-Identifier: MIT
// A runtime with a captured sink and captured diagnostics: log something, check the result.
#pragma once

#include <fapilog/logger.hpp>
#include <fapilog/runtime.hpp>

#include <nlohmann/json.hpp>

#include <cstddef>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/capture.hpp"

namespace support {

class logged {
 public:
  explicit logged(fapilog::options chosen = {})
      : rt(with_capture(std::move(chosen))), log(rt.get_logger("test")) {}

  /// The `log` objects of the records so far. Throws if one is not JSON or did not arrive.
  [[nodiscard]] std::vector<nlohmann::json> records() {
    if (!rt.flush(std::chrono::seconds{60})) throw std::runtime_error("the flush did not end in time");
    std::vector<nlohmann::json> all;
    for (std::string const& line : sink->lines()) all.push_back(nlohmann::json::parse(line).at("log"));
    return all;
  }
  /// The `log` object of the last record.
  [[nodiscard]] nlohmann::json last() { return nlohmann::json::parse(last_line()).at("log"); }
  [[nodiscard]] std::string last_line() {
    if (!rt.flush(std::chrono::seconds{60})) throw std::runtime_error("the flush did not end in time");
    return sink->lines().back();
  }
  [[nodiscard]] nlohmann::json data() { return last().at("data"); }
  [[nodiscard]] std::string message() { return last().at("message"); }

  /// The JSON of a value that is logged as a field.
  template <class T>
  [[nodiscard]] nlohmann::json field(T const& value) {
    log.info("field", fapilog::kv("v", value));
    return data().at("v");
  }
  /// The message of a value that is logged as a format argument.
  template <class T>
  [[nodiscard]] std::string argument(T const& value) {
    log.info("{}", value);
    return message();
  }

  /// The lines of diagnostics so far.
  [[nodiscard]] std::string diagnostics_text() {
    (void)rt.flush(std::chrono::seconds{60});
    std::lock_guard const lock{reported->mutex};
    return reported->lines;
  }

  struct captured_lines {
    std::mutex mutex;
    std::string lines;
  };

  std::shared_ptr<capture> sink = std::make_shared<capture>();
  std::shared_ptr<captured_lines> reported = std::make_shared<captured_lines>();
  fapilog::runtime rt;
  fapilog::logger log;

 private:
  [[nodiscard]] fapilog::options with_capture(fapilog::options chosen) const {
    chosen.sinks = {sink};
    if (chosen.service.empty()) chosen.service = "fapilog";  // not the name of the test program
    chosen.diagnostics_output = [box = reported](std::string_view line) {
      std::lock_guard const lock{box->mutex};
      box->lines += line;
    };
    return chosen;
  }
};

}  // namespace support
