// SPDX-License-Identifier: MIT
// The bodies of the sinks for standard output.
#pragma once

#include <fapilog/detail/compiled.hpp>
#include <fapilog/detail/os/file.hpp>
#include <fapilog/detail/os/system.hpp>
#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/record/pretty.hpp>
#include <fapilog/sinks/console/detail/stdout_stream.hpp>
#include <fapilog/sinks/console/detail/stdout_writers.hpp>
#include <fapilog/sinks/detail/batch_lines.hpp>
#include <fapilog/sinks/sink.hpp>

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace fapilog::inline v0_1::detail {

class stdout_json_writer {
 public:
  static constexpr bool may_block = false;

  explicit stdout_json_writer(stdout_options const& options)
      : stream_(options.descriptor, options.write_timeout) {}

  write_result write(batch const& entries) { return stream_.write(entries.text(), entry_ends{entries}); }
  void stop() { stream_.stop(); }
  [[nodiscard]] sink_health health() const { return stream_.health(); }
  [[nodiscard]] static std::string_view name() noexcept { return "stdout_json"; }

 private:
  stdout_stream stream_;
};

class stdout_pretty_writer {
 public:
  static constexpr bool may_block = false;
  static constexpr bool needs_json = false;

  stdout_pretty_writer(stdout_options const& options, stdout_style const& style)
      : line_{{style.colours ? *style.colours : suits_colours(options.descriptor), style.location}},
        stream_(options.descriptor, options.write_timeout) {}

  write_result write(batch const& entries) {
    text_.clear_to(max_kept_bytes);
    ends_.clear();
    for (entry const& one : entries) {
      line_.put(text_, one.event);
      ends_.push_back(text_.size());
    }
    return stream_.write(text_.view(), entry_ends{ends_});
  }
  void stop() { stream_.stop(); }
  [[nodiscard]] sink_health health() const { return stream_.health(); }
  [[nodiscard]] static std::string_view name() noexcept { return "stdout_pretty"; }

 private:
  static constexpr std::size_t max_kept_bytes = std::size_t{1024} * 1024;

  [[gnu::cold]] static bool suits_colours(int descriptor) {
    return is_terminal(descriptor) && environment("NO_COLOR", "").empty() &&
           environment("TERM", "") != "dumb";
  }

  pretty_writer line_;
  stdout_stream stream_;
  text_buffer text_;
  std::vector<std::size_t> ends_;
};

FAPILOG_INLINE any_sink make_stdout_json(stdout_options const& options) {
  return std::make_shared<stdout_json_writer>(options);
}
FAPILOG_INLINE any_sink make_stdout_pretty(stdout_options const& options, stdout_style const& style) {
  return std::make_shared<stdout_pretty_writer>(options, style);
}
FAPILOG_INLINE any_sink make_stdout_auto(stdout_options const& options, stdout_style const& style) {
  return is_terminal(options.descriptor) ? make_stdout_pretty(options, style) : make_stdout_json(options);
}

}  // namespace fapilog::inline v0_1::detail
