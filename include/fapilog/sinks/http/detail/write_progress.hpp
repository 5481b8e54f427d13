// SPDX-License-Identifier: MIT
// Divides a batch into requests by the limits of a destination, and joins the verdicts on them.
#pragma once

#include <fapilog/record/batch.hpp>
#include <fapilog/sinks/detail/recent_rejections.hpp>
#include <fapilog/sinks/http/detail/http_verdict.hpp>
#include <fapilog/sinks/http/detail/http_writer.hpp>
#include <fapilog/sinks/sink.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// One call of `write`. Thread: one. Throws: std::bad_alloc.
struct write_progress {
  struct range {
    std::size_t begin;
    std::size_t count;
    bool is_compressed = false;  ///< once it is sent
  };
  enum class state : std::uint8_t { waiting, delivered, again, never };

  write_progress(batch const& all, http_limits const& limits)
      : entries(all), states(all.size(), state::waiting) {
    // The lines are an estimate of the body, which `begin_next` checks.
    std::size_t begin = 0;
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      std::size_t const size = entries[i].json.size() + 1;
      if (i != begin && (i - begin == limits.entries || bytes + size > limits.body_bytes)) {
        waiting.push_back({begin, i - begin});
        begin = i;
        bytes = 0;
      }
      bytes += size;
    }
    if (begin != entries.size()) waiting.push_back({begin, entries.size() - begin});
  }

  [[nodiscard]] batch entries_of(range const& r) const { return entries.from(r.begin).up_to(r.count); }
  void set(range const& r, state to) {
    std::fill_n(states.begin() + static_cast<std::ptrdiff_t>(r.begin), r.count, to);
  }
  void reject(range const& r, std::string why) {
    set(r, state::never);
    reason = std::move(why);
  }
  void stop(range const& r, std::string why) {
    set(r, state::again);
    is_stopped = true;
    reason = std::move(why);
  }
  void halve(range const& r) { divide(r, r.count / 2, 0); }
  /// Sends the entries before `first`, the next `count` ones and the others in requests of their own.
  void divide(range const& r, std::size_t first, std::size_t count) {
    std::size_t const rest = first + count;
    if (rest < r.count) waiting.push_front({r.begin + rest, r.count - rest});
    if (count != 0) waiting.push_front({r.begin + first, count});
    if (first != 0) waiting.push_front({r.begin, first});
  }

  /// Applies the verdict on the entries of one request.
  [[gnu::cold]] void apply(range const& r, http_verdict verdict) {
    delay = (std::max)(delay, verdict.delay);
    switch (verdict.outcome) {
      case http_outcome::delivered: invalid_requests = 0; return set(r, state::delivered);
      case http_outcome::refused: is_refused = true; [[fallthrough]];
      case http_outcome::retry: return stop(r, std::move(verdict.reason));
      case http_outcome::rejected: return reject(r, std::move(verdict.reason));
      case http_outcome::too_large: return r.count == 1 ? reject(r, std::move(verdict.reason)) : halve(r);
      case http_outcome::invalid: {
        // To find an invalid entry takes about 20 requests, of which some are accepted. If the server accepts none, the
        // entries are not at fault.
        constexpr int max_invalid = 40;
        if (r.count == 1 || ++invalid_requests > max_invalid) return reject(r, std::move(verdict.reason));
        return verdict.suspect < r.count ? divide(r, verdict.suspect, 1) : halve(r);
      }
      case http_outcome::items: break;
    }
    set(r, state::delivered);
    for (std::size_t const i : verdict.again) {
      if (i < r.count) states[r.begin + i] = state::again;
    }
    for (std::size_t const i : verdict.never) {
      if (i < r.count) states[r.begin + i] = state::never;
    }
    is_stopped |= !verdict.again.empty();
    is_refused |= verdict.is_refused && !verdict.again.empty();
    if (!verdict.reason.empty()) reason = std::move(verdict.reason);
  }

  [[nodiscard]] write_result result(recent_rejections& rejections) {
    std::vector<std::size_t> again;
    std::vector<std::size_t> never;
    for (std::size_t i = 0; i < states.size(); ++i) {
      if (states[i] == state::never) never.push_back(i);
      else if (states[i] != state::delivered) again.push_back(i);
    }
    rejections.add(states.size() - again.size(), never.size());
    if (!never.empty()) rejections.set_last_reason(reason);
    if (again.empty() || !is_refused)
      return write_result::partly(std::move(again), std::move(never), std::move(reason), delay);
    constexpr std::chrono::milliseconds pause = std::chrono::seconds{30};
    return write_result::refused(std::move(reason), (std::max)(delay, pause), std::move(again),
                                 std::move(never));
  }

  batch const& entries;
  std::vector<state> states;  ///< for each entry
  std::deque<range> waiting;
  std::vector<range> sent;  ///< by the id of the request
  bool is_stopped = false;
  bool is_refused = false;
  int invalid_requests = 0;  ///< since a request was delivered
  std::string reason;
  std::chrono::milliseconds delay{};
};

}  // namespace fapilog::inline v0_1::detail
