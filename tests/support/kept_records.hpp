// SPDX-License-Identifier: MIT
// Kept records made from real log calls, and what becomes of them in another process.
#pragma once

#include "support/lane_without_reader.hpp"

#include <fapilog/detail/memory/arena.hpp>
#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/kill_safe/record_recovery.hpp>
#include <fapilog/queue/lane_channel.hpp>
#include <fapilog/record/envelope.hpp>
#include <fapilog/record/kept_record.hpp>
#include <fapilog/worker/event_maker.hpp>

#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace support {

using fapilog::detail::shared_bytes;
using byte_vector = std::vector<std::byte>;

/// The kept record of a log or context record, as record/kept_record.hpp describes it.
[[nodiscard]] inline byte_vector kept_record(std::span<std::byte const> inner, std::string_view name,
                                             std::span<std::byte const> bound,
                                             std::span<std::byte const> scope) {
  using namespace fapilog::detail::record_format;
  kept_head head{};
  head.bound_size = static_cast<std::uint32_t>(bound.size());
  head.scope_size = static_cast<std::uint32_t>(scope.size());
  head.thread_id = 4'711;
  record_head const outer = kept_record_head(
      kept_start_bytes + name.size() + bound.size() + scope.size() + inner.size(), name.size());
  byte_vector all(sizeof outer + sizeof head);
  std::memcpy(all.data(), &outer, sizeof outer);
  std::memcpy(all.data() + sizeof outer, &head, sizeof head);
  for (char const c : name) all.push_back(static_cast<std::byte>(c));
  for (auto const& part : {bound, scope, inner}) all.insert(all.end(), part.begin(), part.end());
  return all;
}

/// Keeps what one statement logs: `log` is called with a logger and returns the one that it used.
template <class Log>
[[nodiscard]] byte_vector kept_call(std::string_view name, Log&& log) {
  using namespace fapilog::detail::record_format;
  using fapilog::detail::read;
  lane_without_reader lane{name};
  lane.log.info("the first record of a lane contains the scope");
  auto const begin = lane.queue().published();
  fapilog::logger const used = log(lane.log);
  std::span<std::byte const> const inner{lane.queue().at(begin), lane.queue().at(lane.queue().published())};
  bool const is_context = read<record_head>(inner.data()).type == record_type::context;
  std::byte const* const record =
      inner.data() + (is_context ? sizeof(record_head) + sizeof(context_head) : 0);
  auto const* const core =
      static_cast<fapilog::detail::logger_core const*>(read<log_head>(record + sizeof(record_head)).logger);
  shared_bytes const scope = fapilog::detail::current_scope();
  auto const span_of = [](shared_bytes const& bytes) {
    return bytes.empty() ? std::span<std::byte const>{} : std::span{bytes.data(), bytes.size()};
  };
  return kept_record(inner, core->name.name, span_of(core->bound), span_of(scope));
}

/// Makes lines of recovered records, as the worker does.
class recovered_lines {
 public:
  recovered_lines() = default;
  recovered_lines(recovered_lines const&) = delete;
  recovered_lines& operator=(recovered_lines const&) = delete;
  ~recovered_lines() {
    channel_->retired().end_of_worker();
    channel_->drop_reference();
  }

  [[nodiscard]] std::string line_of(fapilog::detail::record_recovery::record r) {
    using fapilog::detail::logger_core;
    auto* const core = new logger_core{*channel_, channel_->levels().acquire(r.logger), std::move(r.bound)};
    fapilog::logger const owner{core};
    fapilog::detail::arena memory{1024};
    fapilog::event e{memory};
    void const* const logger = core;
    using fapilog::detail::record_format::log_head;
    std::memcpy(
        r.bytes.data() + sizeof(fapilog::detail::record_format::record_head) + offsetof(log_head, logger),
        &logger, sizeof logger);
    maker_.begin_batch();
    (void)maker_.make(r.bytes.data(), r.scope, e);
    file = e.file;
    function = e.function;
    line = e.line;
    fapilog::detail::text_buffer out;
    fapilog::detail::envelope_writer{}.put(out, e);
    return std::string{out.view()};
  }

  std::string file;
  std::string function;
  std::uint32_t line = 0;

 private:
  fapilog::detail::lane_channel* channel_ =
      fapilog::detail::lane_channel::make({.lane_bytes = 1 << 16, .max_record_bytes = 1 << 16});
  fapilog::detail::event_maker maker_{{}, std::size_t{1} << 20};
};

}  // namespace support
