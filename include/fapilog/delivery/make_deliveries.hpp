// SPDX-License-Identifier: MIT
// From the sinks of the options to their deliveries.
#pragma once

#include <fapilog/delivery/batch_writer.hpp>
#include <fapilog/delivery/delivery.hpp>
#include <fapilog/delivery/delivery_thread.hpp>
#include <fapilog/metrics/diagnostics.hpp>
#include <fapilog/setup/delivery_options.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// True for a sink that gets a thread of its own: where it is asked for, where it is needed for a spool, for sinks that say
/// that they may block, and for those that say nothing and would hold up others.
[[nodiscard]] inline bool wants_own_thread(placed_sink const& placed, std::size_t sinks) {
  switch (placed.delivery.thread) {
    case sink_thread::own: return true;
    case sink_thread::shared: return false;
    case sink_thread::automatic: break;
  }
  return !placed.delivery.spool.directory.empty() || placed.sink.may_block().value_or(sinks > 1);
}

/// `retry` is for sinks without a rule of their own; `began` is called on each new thread.
[[nodiscard]] inline std::vector<delivery_slot> make_deliveries(std::vector<placed_sink> sinks,
                                                                retry_options const& retry,
                                                                std::shared_ptr<diagnostics> const& tell,
                                                                std::function<void()> const& began) {
  std::vector<delivery_slot> all;
  std::size_t const count = sinks.size();
  std::set<std::string> names;
  for (placed_sink& placed : sinks) {
    std::string const base = placed.delivery.name.empty() ? placed.sink.name() : placed.delivery.name;
    placed.delivery.name = base;
    // Names tell sinks apart in metrics and spools: a second one is <name>_2.
    for (int n = 2; !names.insert(placed.delivery.name).second; ++n)
      placed.delivery.name = base + '_' + std::to_string(n);
    if (placed.delivery.retry == retry_options{}) placed.delivery.retry = retry;
    delivery_slot& place = all.emplace_back();
    if (wants_own_thread(placed, count)) {
      place.own = std::make_shared<delivery_thread>(std::move(placed), tell, began);
    } else {
      place.shared = std::make_unique<delivery>(std::move(placed), false, tell);
    }
  }
  return all;
}

}  // namespace fapilog::inline v0_1::detail
