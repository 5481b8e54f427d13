// SPDX-License-Identifier: MIT
// What a logger sees of its runtime: where log calls go, and who keeps what alive.
#pragma once

#include <fapilog/detail/atomic.hpp>
#include <fapilog/detail/platform.hpp>
#include <fapilog/detail/shared_bytes.hpp>
#include <fapilog/record/field.hpp>
#include <fapilog/record/level.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fapilog::engine {

struct logger_core;

/// One log call, as the logger hands it over. Format arguments come first in `items`.
struct call {
  logger_core& logger;
  level severity;
  std::uint16_t flags;  ///< flags of record_format; with `text_is_cell` the first item is the message
  char const* text;
  std::uint32_t text_size;
  std::uint16_t args;
  detail::call_site where;
  field const* items;
  std::size_t count;
};

/// What a log call needs of the runtime. The operations are virtual, so that their bodies (submit.hpp, lane_channel.hpp)
/// are compiled once and not in every file that logs. Counted by reference: runtime, loggers and threads keep it alive.
/// Thread: any.
class channel {
 public:
  channel(channel const&) = delete;
  channel& operator=(channel const&) = delete;

  /// Writes one log call into this thread's lane: the hot path.
  virtual void submit(call const& c) noexcept = 0;
  /// A core with more bound fields, with one reference for the caller.
  [[nodiscard]] virtual logger_core* bind(logger_core& logger, field const* fields,
                                          std::size_t count) noexcept = 0;
  /// Hands a core that nobody uses any more to the worker, who deletes it when its records have passed.
  virtual void retire(logger_core& core) noexcept = 0;
  /// The text of an encoded value as a message shows it.
  virtual std::string text_of(std::byte const* cell) = 0;
  virtual void set_level(std::string_view pattern, level value) = 0;

  [[nodiscard]] std::size_t max_record_bytes() const noexcept { return max_record_bytes_; }

  void add_reference() noexcept { references_.fetch_add_relaxed(1); }
  void drop_reference() noexcept {
    if (references_.fetch_sub(1) == 1) delete this;
  }

 protected:
  explicit channel(std::size_t max_record_bytes) noexcept : max_record_bytes_(max_record_bytes) {}
  virtual ~channel() = default;

 private:
  std::size_t const max_record_bytes_;
  alignas(detail::cache_line) detail::atomic_word<std::size_t> references_{1};
};

/// A name's level, shared by the loggers of that name.
struct named_level {
  detail::atomic_word<std::uint8_t> threshold{0};
  std::string name;
};

/// What a logger's copies share: immutable but for the count.
struct logger_core {
  logger_core(channel& where, named_level& named, detail::shared_bytes fields) noexcept
      : owner(where), name(named), bound(static_cast<detail::shared_bytes&&>(fields)) {
    owner.add_reference();
  }
  ~logger_core() { owner.drop_reference(); }
  logger_core(logger_core const&) = delete;
  logger_core& operator=(logger_core const&) = delete;

  void add_reference() noexcept { references.fetch_add_relaxed(1); }
  void drop_reference() noexcept {
    if (references.fetch_sub(1) == 1) owner.retire(*this);
  }

  channel& owner;
  named_level& name;
  detail::shared_bytes const bound;
  detail::atomic_word<std::size_t> references{1};
  logger_core* next_retired = nullptr;
};

}  // namespace fapilog::engine
