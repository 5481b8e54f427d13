// SPDX-License-Identifier: MIT
// What every test of a sink over HTTP asks: which configurations it refuses, and what it makes of each answer.
#pragma once

#include "http/recording_server.hpp"

#include "support/catch.hpp"

#include <fapilog/sinks/sink.hpp>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace support {

/// What is wrong with a configuration, or "accepted".
template <class Sink, class Config>
std::string refusal_of(Config const& config) {
  try {
    (void)Sink{config};
  } catch (std::invalid_argument const& error) {
    return error.what();
  }
  return "accepted";
}

/// An answer of the server, as recording_server.py takes it, and the result of a batch of one record.
struct answer_row {
  std::string answer;
  fapilog::write_outcome outcome;
  bool is_refused;
};

template <class Sink, class Config>
void check_answers(std::vector<answer_row> const& rows, Config config, fapilog::batch const& one) {
  std::vector<std::string> script;
  for (answer_row const& row : rows) script.push_back(row.answer);
  recording_server const server{script};
  config.url = server.url("");
  Sink sink{std::move(config)};
  for (answer_row const& row : rows) {
    INFO(row.answer);
    auto const result = sink.write(one);
    CHECK(result.outcome() == row.outcome);
    CHECK(result.is_refused() == row.is_refused);
  }
}

}  // namespace support
