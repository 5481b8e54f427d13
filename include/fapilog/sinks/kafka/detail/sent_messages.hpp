// SPDX-License-Identifier: MIT
// The records that the Kafka sink has given to its producer.
#pragma once

#include <fapilog/record/batch.hpp>
#include <fapilog/record/uuid.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

namespace fapilog::inline v0_1::detail::kafka {

enum class message_state : std::uint8_t { unsent, waiting, delivered, failed };

struct message {
  message_state state = message_state::unsent;
  int error = 0;          ///< of librdkafka, if it failed
  bool is_alone = false;  ///< no other record was in its request
};

/// Those that are not yet reported to the delivery, by the id of the record.
using sent_messages = std::map<uuid, message>;

/// One write of a batch.
struct attempt {
  batch const& entries;
  std::chrono::steady_clock::time_point deadline;
  std::vector<message*> messages;       ///< of each entry; null: not given to the producer
  std::vector<std::size_t> never = {};  ///< entries that the producer refuses for good
};

/// Records that the delivery gave up while they were in the producer are not asked for again.
inline void forget_abandoned(sent_messages& all) {
  constexpr std::size_t max_finished = 200'000;
  if (all.size() <= max_finished) return;
  std::erase_if(all, [](auto const& one) { return one.second.state != message_state::waiting; });
}

}  // namespace fapilog::inline v0_1::detail::kafka
