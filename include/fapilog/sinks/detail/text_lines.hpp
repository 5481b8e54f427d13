// SPDX-License-Identifier: MIT
// The readable lines of a batch, for sinks that write bytes.
#pragma once

#include <fapilog/detail/compiled.hpp>
#include <fapilog/detail/os/platform.hpp>
#include <fapilog/detail/text/concat.hpp>
#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/record/pattern_writer.hpp>
#include <fapilog/record/text_pattern.hpp>
#include <fapilog/sinks/detail/batch_lines.hpp>
#include <fapilog/sinks/text_format.hpp>

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace fapilog::inline v0_1::detail {

FAPILOG_INLINE std::string pattern_problem(std::string_view sink, std::string const& pattern) {
  if (pattern.empty()) return {};
  std::string const problem = pattern_compiler::compile(pattern).problem;
  return problem.empty() ? problem : concat({sink, ": `pattern` \"", pattern, "\", ", problem});
}

/// Writes the events of a batch by a pattern. Thread: one at a time. Throws: std::bad_alloc; the constructor also throws
/// std::invalid_argument for an invalid pattern.
class text_lines {
 public:
  [[gnu::cold]] text_lines(std::string const& pattern, bool colours, sinks::time_zone zone)
      : writer_(compiled(pattern), {.colours = colours,
                                    .local_time = zone == sinks::time_zone::local,
                                    .started_ns = wall_clock_ns()}) {}

  /// Columns after which a line continues on the next one; 0: never.
  void set_width(std::size_t columns) noexcept { writer_.set_width(columns); }

  /// Replaces the lines by those of this batch.
  void render(batch const& entries) {
    text_.clear_to(max_kept_bytes);
    ends_.clear();
    for (entry const& one : entries) {
      writer_.put(text_, one.event);
      ends_.push_back(text_.size());
    }
  }
  [[nodiscard]] std::string_view text() const noexcept { return text_.view(); }
  [[nodiscard]] entry_ends ends() const noexcept { return entry_ends{ends_}; }

 private:
  static constexpr std::size_t max_kept_bytes = std::size_t{1024} * 1024;

  [[nodiscard, gnu::cold]] static text_pattern compiled(std::string const& pattern) {
    text_pattern result = pattern_compiler::compile(pattern);
    if (!result.problem.empty()) throw std::invalid_argument{"fapilog: pattern, " + result.problem};
    return result;
  }

  pattern_writer writer_;
  text_buffer text_;
  std::vector<std::size_t> ends_;
};

}  // namespace fapilog::inline v0_1::detail
