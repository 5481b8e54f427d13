// SPDX-License-Identifier: MIT
// Decides which records of a batch go to which sink.
#pragma once

#include <fapilog/delivery/batch_part.hpp>
#include <fapilog/detail/memory/vector.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/setup/delivery_options.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// Thread: one at a time. Throws: std::bad_alloc.
class router {
 public:
  /// A batch split by sink. The part of a sink that takes no record is empty.
  struct parts {
    vector<batch_part> of_sinks;
    std::uint64_t unrouted = 0;    ///< number of records that no sink takes, without internal ones
    std::vector<bool> excluded{};  ///< which records no sink takes; empty if there are none
  };

  /// `routes` in the order of the sinks.
  [[gnu::cold]] router(std::vector<route> routes, routing rule) : routes_(std::move(routes)), rule_(rule) {
    update_shortcut();
  }

  /// Arguments without a value leave their setting unchanged.
  [[gnu::cold]] void change(std::optional<std::vector<route>> routes, std::optional<routing> rule) noexcept {
    if (routes) routes_ = std::move(*routes);
    if (rule) rule_ = *rule;
    update_shortcut();
  }

  [[nodiscard]] parts split(batch const& entries) {
    parts result;
    result.of_sinks = vector<batch_part>(routes_.size());
    if (every_sink_takes_all_) {
      for (batch_part& part : result.of_sinks) part.entries = entries;
      return result;
    }
    chosen_.resize(routes_.size());
    for (auto& indices : chosen_) indices.clear();
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (choose(entries[i].event, static_cast<std::uint32_t>(i))) continue;
      if (result.excluded.empty()) result.excluded = std::vector<bool>(entries.size());
      result.excluded[i] = true;
      result.unrouted += entries[i].event.is_internal ? 0U : 1U;
    }
    for (std::size_t s = 0; s < routes_.size(); ++s) {
      if (chosen_[s].empty()) continue;
      if (chosen_[s].size() == entries.size()) {
        result.of_sinks[s].entries = entries;
      } else {
        result.of_sinks[s] = {entries.only(chosen_[s]), std::move(chosen_[s]), nullptr};
      }
    }
    return result;
  }

 private:
  [[gnu::cold]] void update_shortcut() noexcept {
    every_sink_takes_all_ =
        std::all_of(routes_.begin(), routes_.end(), [](route const& r) { return r.takes_all(); }) &&
        (rule_ == routing::overlap || routes_.size() < 2);
  }

  /// Adds the record to the parts of the sinks that take it. Returns false if none does.
  bool choose(event const& e, std::uint32_t index) {
    bool taken = false;
    for (std::size_t s = 0; s < routes_.size(); ++s) {
      if (routes_[s].otherwise || (taken && rule_ == routing::first_match) || !routes_[s].takes(e)) continue;
      chosen_[s].push_back(index);
      taken = true;
    }
    for (std::size_t s = 0; s < routes_.size() && !taken; ++s) {
      if (routes_[s].otherwise && routes_[s].takes(e)) {
        chosen_[s].push_back(index);
        taken = rule_ == routing::first_match;
      }
    }
    return taken || std::any_of(chosen_.begin(), chosen_.end(), [index](auto const& indices) {
             return !indices.empty() && indices.back() == index;
           });
  }

  std::vector<route> routes_;
  routing rule_;
  bool every_sink_takes_all_ = true;
  vector<std::vector<std::uint32_t>> chosen_;
};

}  // namespace fapilog::inline v0_1::detail
