// SPDX-License-Identifier: MIT
// Logs through outages of a receiver over HTTP, with a spool: the frame that the tests of its sinks share.
#pragma once

#include "http/recording_server.hpp"
#include "support/captured_diagnostics.hpp"
#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/scale.hpp"
#include "support/temporary_directory.hpp"

#include <fapilog/fapilog.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <set>
#include <utility>

namespace support {

/// Logs `count` records with the field `number`, calls `disturb(runtime, number)` after each, and expects that all of them are
/// delivered and that the account balances.
template <class Sink, class Disturb>
void log_through_outages(Sink sink, int count, Disturb const& disturb) {
  using namespace std::chrono_literals;
  temporary_directory const folder;
  fapilog::runtime rt{{.batch_max_size = 50,
                       .batch_timeout = 1ms,
                       .when_full = fapilog::when_full::block,
                       .sinks = {{std::move(sink),
                                  {.retry = {.attempts = 1, .first_delay = 1ms, .longest_delay = 20ms},
                                   .spool = {.directory = folder.path().string()}}}},
                       .diagnostics_output = captured_diagnostics{}}};
  auto const log = rt.get_logger();
  for (int i = 0; i < count; ++i) {
    log.info("chaos", fapilog::kv("number", i));
    disturb(rt, i);
  }
  CHECK(eventually([&] { return rt.sink_counts()[0].second.delivered == std::uint64_t(count); },
                   long_deadline));
  auto const end = rt.drain(60s);
  CHECK(end.processed == std::uint64_t(count));
  CHECK(end.balanced());
}

/// Starts the server again, once records are in the spool.
inline void start_once_spooled(recording_server& server, fapilog::runtime const& rt) {
  CHECK(eventually([&] { return rt.sink_counts()[0].second.spooled != 0; }));
  server.start();
}

/// The numbers of the records in what the server has got: `number_of` returns that of one of `all`.
template <class All, class NumberOf>
std::set<int> numbers_in(All const& all, NumberOf const& number_of) {
  std::set<int> numbers;
  for (auto const& one : all) numbers.insert(number_of(one));
  return numbers;
}

}  // namespace support
