// SPDX-License-Identifier: MIT
// A testing::faulty_sink that rejects "poison" and returns the messages and lines that it took.
#pragma once

#include <fapilog/record/event.hpp>
#include <fapilog/testing/faulty.hpp>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace support {

class switched_sink : public fapilog::testing::faulty_sink {
 public:
  explicit switched_sink(std::string name, fapilog::testing::fault first = fapilog::testing::fault::none)
      : faulty_sink(first, std::move(name)) {
    reject([](fapilog::event const& e) { return e.message == "poison"; });
  }

  /// Returns false if there are fewer messages after a minute.
  [[nodiscard]] bool wait_for_messages(std::size_t count) const { return taken().wait_for(count); }
  [[nodiscard]] std::vector<std::string> messages() const {
    return all(&fapilog::testing::captured::message);
  }
  [[nodiscard]] std::vector<std::string> lines() const { return all(&fapilog::testing::captured::json); }

 private:
  [[nodiscard]] std::vector<std::string> all(std::string fapilog::testing::captured::*member) const {
    std::vector<std::string> found;
    for (auto const& record : taken().records()) found.push_back(record.*member);
    return found;
  }
};

}  // namespace support
