// SPDX-License-Identifier: MIT
// What is lost, and what the account says, when a receiver without acknowledgements is killed under load.
#pragma once

#include "receivers.hpp"
#include "support/catch.hpp"
#include "support/eventually.hpp"

#include <fapilog/fapilog.hpp>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace support {

/// Logs numbered records while the receiver is killed and restarted several times. Requires that every record counts as
/// delivered, that none arrives twice, and that what is missing was in the connection when the receiver died: each time one
/// range of records, behind the last one that had arrived.
template <class Sink>
void check_killed_receiver(syslog_daemon& daemon, Sink sink) {
  constexpr int kills = 3;
  constexpr int in_round = 3'000;
  constexpr int total = kills * in_round;
  constexpr fapilog::retry_options keep_trying{.attempts = 0,
                                               .first_delay = std::chrono::milliseconds{1},
                                               .longest_delay = std::chrono::milliseconds{20}};
  std::string const text(1'000, 'x');
  daemon.start();
  {
    temporary_directory const spool;
    fapilog::runtime local{
        {.when_full = fapilog::when_full::block,
         .sinks = {
             {std::move(sink), {.retry = keep_trying, .spool = {.directory = spool.path().string()}}}}}};
    auto log = local.get_logger("killed");
    for (int round = 0; round < kills; ++round) {
      std::uintmax_t const before = daemon.output_bytes();
      for (int i = 0; i < in_round; ++i) log.info("{}", text, fapilog::kv("n", round * in_round + i));
      REQUIRE(eventually([&] { return daemon.output_bytes() > before + text.size() * in_round / 4; }));
      daemon.stop(SIGKILL);
      daemon.start();
    }
    log.info("{}", text, fapilog::kv("n", total));
    REQUIRE(eventually(
        [&] { return local.sink_counts()[0].second.delivered == total + 1; }));  // empties the spool
    REQUIRE(local.drain(std::chrono::seconds{60}));
    auto const counts = local.sink_counts()[0].second;
    CHECK(counts.balanced());
  }
  REQUIRE(eventually(
      [&] { return daemon.last_line().find('"' + std::to_string(total) + '"') != std::string::npos; }));
  std::vector<int> numbers;
  for (auto const& message : daemon.messages())
    numbers.push_back(std::stoi(message.fields["n"].get<std::string>()));
  int gaps = 0;
  bool is_in_order = true;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    int const before = i == 0 ? -1 : numbers[i - 1];
    is_in_order = is_in_order && numbers[i] > before;  // so none has arrived twice
    gaps += numbers[i] > before + 1;
  }
  INFO(total + 1 - static_cast<int>(numbers.size()) << " records were lost");
  CHECK(is_in_order);
  CHECK(gaps <= kills);
}

}  // namespace support
