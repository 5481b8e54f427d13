// SPDX-License-Identifier: MIT
// Writes events as readable lines by a compiled pattern.
#pragma once

#include <fapilog/detail/memory/vector.hpp>
#include <fapilog/detail/os/paths.hpp>
#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/record/event.hpp>
#include <fapilog/record/event_path.hpp>
#include <fapilog/record/folded_line.hpp>
#include <fapilog/record/json.hpp>
#include <fapilog/record/pattern_time.hpp>
#include <fapilog/record/pretty.hpp>
#include <fapilog/record/text_pattern.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

struct pattern_style {
  bool colours = false;         ///< use the escape sequences of a terminal
  bool local_time = false;      ///< times in the zone of the machine instead of UTC
  std::int64_t started_ns = 0;  ///< where `{elapsed}` begins, in nanoseconds since 1970
};

/// Writes events one after the other. Thread: one. Throws: std::bad_alloc.
///
/// No value can forge a line or control the terminal: control characters are shown as `\n`, `\x1b` or `\u202e`. A record is
/// one line, which an exception follows on indented lines, unless the pattern has `{exception}`.
class pattern_writer {
 public:
  /// The pattern must be valid.
  [[gnu::cold]] explicit pattern_writer(text_pattern pattern, pattern_style style = {})
      : style_(style),
        has_exception_(pattern.has(pattern_part::exception)),
        colours_parts_(style.colours && !pattern.has(pattern_part::colour)),
        sources_(pattern.has(pattern_part::source) ? max_sources : 0) {
    steps_.reserve(pattern.steps.size());
    for (pattern_step& step : pattern.steps) {
      std::size_t index = 0;
      if (step.part == pattern_part::time) {
        index = times_.size();
        times_.emplace_back(!step.text.empty() ? step.text
                            : style.local_time ? "%F %T.%e"
                                               : "%F %T.%eZ",
                            style.local_time);
      } else if (step.part == pattern_part::field) {
        index = paths_.size();
        paths_.emplace_back(step.text);
        std::string_view key = step.text;
        for (std::string_view const root : {"context.", "data."}) {
          if (key.starts_with(root)) key.remove_prefix(root.size());
        }
        shown_.emplace_back(key);
      } else if (is_repeated(step.part)) {
        index = repeated_.size();
        repeated_.emplace_back();
      }
      steps_.push_back({std::move(step), index});
    }
  }

  /// Columns after which a line continues on the next one, indented. 0: never.
  void set_width(std::size_t columns) noexcept { width_ = columns; }

  /// Appends the event with a line end.
  void put(text_buffer& out, event const& e) {
    line_begin_ = out.size();
    breaks_.clear();
    message_at_ = 0;
    for (auto const& [step, extra] : steps_) {
      if (step.part == pattern_part::literal) {
        if (step.text.size() == 1) {
          out.push_back(step.text[0]);
        } else {
          out.append(step.text);
        }
        continue;
      }
      if (is_repeated(step.part)) {
        repeated_part const& last = repeated_[extra];
        if (last.severity == e.severity && last.of == text_of(step.part, e)) [[likely]] {
          out.append(last.text);
          continue;
        }
      }
      std::string_view const colour = colours_parts_ ? colour_of(step.part, e.severity) : std::string_view{};
      std::size_t const begin = out.size();
      out.append(colour);
      std::size_t const text = out.size();
      put_part(out, step, extra, e);
      bool const is_aligned = step.min_width != 0 || step.max_width != 0;
      if (is_aligned) align(out, text, step);
      if (out.size() == text) {
        out.shrink(begin);
        // A part that is empty takes the space before it along.
        if (begin > line_begin_ && !is_aligned && out.view().back() == ' ') out.shrink(begin - 1);
        continue;
      }
      if (!colour.empty()) put_escape<pretty_detail::plain>(out);
      if (is_repeated(step.part))
        repeated_[extra] = {std::string{text_of(step.part, e)}, std::string{out.from(begin)}, e.severity};
    }
    while (out.size() > line_begin_ && out.view().back() == ' ') out.shrink(out.size() - 1);
    if (width_ != 0) folder_.fold(out, {line_begin_, message_at_, width_}, breaks_);
    out.push_back('\n');
    last_ns_ = e.unix_ns;
    if (has_exception_) return;
    value const* const exception = e.diagnostics.find("exception");
    if (exception != nullptr && exception->is_object()) pretty_detail::put_exception(out, *exception);
  }

 private:
  /// What a step has written for the record before. Level and logger often stay the same.
  struct repeated_part {
    std::string of;    ///< the name
    std::string text;  ///< with its width and its colour; never empty
    level severity{255};
  };
  /// What `{source}` has written for a call site. The file is compared by its characters: another library's may be anywhere.
  struct shown_source {
    std::string file;
    std::uint32_t line = 0;
    std::string text;
  };
  static constexpr std::size_t max_sources = 64;
  /// A step, and its index in `times_`, `paths_` or `repeated_`.
  struct indexed_step {
    pattern_step step;
    std::size_t extra;
  };
  [[nodiscard]] static constexpr bool is_repeated(pattern_part part) noexcept {
    return part == pattern_part::level || part == pattern_part::logger;
  }
  [[nodiscard]] static std::string_view text_of(pattern_part part, event const& e) noexcept {
    return part == pattern_part::level ? e.level_name : e.logger;
  }

  static constexpr std::string_view grey = "\x1b[90m";
  static constexpr std::string_view cyan = "\x1b[36m";
  static constexpr std::string_view bold = "\x1b[1m";

  /// Colours of the 16 that are legible on dark and on light backgrounds.
  [[nodiscard]] static std::string_view colour_of(level severity) noexcept {
    if (severity < level::info) return cyan;
    if (severity < level::warning) return "\x1b[32m";     // green
    if (severity < level::error) return "\x1b[33m";       // yellow
    if (severity < level::critical) return "\x1b[1;31m";  // bold red
    if (severity < level::audit) return "\x1b[1;97;41m";  // white on red
    return "\x1b[1;35m";                                  // bold magenta
  }
  [[nodiscard]] static std::string_view colour_of(pattern_part part, level severity) noexcept {
    switch (part) {
      case pattern_part::level:
      case pattern_part::level_letter:
      case pattern_part::level_lower: return colour_of(severity);
      case pattern_part::message: return severity >= level::error ? bold : std::string_view{};
      case pattern_part::time:
      case pattern_part::file:
      case pattern_part::path:
      case pattern_part::line:
      case pattern_part::function:
      case pattern_part::source:
      case pattern_part::elapsed:
      case pattern_part::since_last: return grey;
      case pattern_part::literal:
      case pattern_part::logger:
      case pattern_part::fields:
      case pattern_part::field:
      case pattern_part::exception:
      case pattern_part::thread:
      case pattern_part::message_id:
      case pattern_part::colour:
      case pattern_part::plain: break;
    }
    return {};
  }

  struct value_visitor : pretty_detail::pretty_visitor {
    using pretty_visitor::operator();
    void operator()(value::duration duration) const { put_human_duration(out, duration.ns); }
  };
  /// A value on its own: strings without quotes.
  struct bare_visitor : value_visitor {
    using value_visitor::operator();
    void operator()(std::nullptr_t) const {}
    void operator()(std::string_view text) const { pretty_detail::put_text(out, text); }
  };

  void put_part(text_buffer& out, pattern_step const& step, std::size_t extra, event const& e) {
    using pretty_detail::put_text;
    switch (step.part) {
      case pattern_part::time: return times_[extra].put(out, e.unix_ns);
      case pattern_part::level: return put_text(out, e.level_name);
      case pattern_part::level_letter: return put_text(out, e.level_name.substr(0, 1));
      case pattern_part::level_lower: return put_lower(out, e.level_name);
      case pattern_part::logger: return put_text(out, e.logger);
      case pattern_part::message: message_at_ = out.size() - line_begin_; return put_text(out, e.message);
      case pattern_part::fields: return put_fields(out, e);
      case pattern_part::field:
        if (auto const found = paths_[extra].find(e)) found->visit(bare_visitor{{{{{out}}}}});
        return;
      case pattern_part::exception: return put_exception_line(out, e);
      case pattern_part::thread: return json::put_integer(out, e.thread_id);
      case pattern_part::file: return put_text(out, base_name(e.file));
      case pattern_part::path: return put_text(out, e.file == nullptr ? "" : e.file);
      case pattern_part::line:
        if (has_place(e)) json::put_integer(out, e.line);
        return;
      case pattern_part::function: return put_text(out, e.function == nullptr ? "" : e.function);
      case pattern_part::source: return put_source(out, e);
      case pattern_part::message_id: return out.end_at(put_uuid(out.room(36), e.message_id));
      case pattern_part::elapsed: return put_elapsed(out, e.unix_ns - style_.started_ns);
      case pattern_part::since_last:
        out.push_back('+');
        return put_human_duration(out, last_ns_ == 0 ? 0 : (std::max)(e.unix_ns - last_ns_, std::int64_t{0}));
      case pattern_part::colour:
        return out.append(style_.colours ? colour_of(e.severity) : std::string_view{});
      case pattern_part::plain: return out.append(style_.colours ? pretty_detail::plain : std::string_view{});
      case pattern_part::literal: return;
    }
  }

  static void put_lower(text_buffer& out, std::string_view text) {
    std::string lower{text};
    for (char& c : lower) c = to_ascii_lower(c);
    pretty_detail::put_text(out, lower);
  }
  [[nodiscard]] static bool has_place(event const& e) noexcept {
    return e.file != nullptr && e.file[0] != '\0';
  }
  [[nodiscard]] static std::string_view base_name(char const* file) noexcept {
    std::string_view name = file == nullptr ? "" : file;
    name.remove_prefix(begin_of_file_name(name));
    return name;
  }
  void put_source(text_buffer& out, event const& e) {
    if (!has_place(e)) return;
    mark_break(out);
    shown_source& known = sources_[(e.line + reinterpret_cast<std::uintptr_t>(e.file)) % max_sources];
    if (known.line != e.line || known.file != e.file) [[unlikely]] {
      std::size_t const begin = out.size();
      pretty_detail::put_text(out, base_name(e.file));
      out.push_back(':');
      json::put_integer(out, e.line);
      known.line = e.line;
      known.file = e.file;
      known.text = out.from(begin);
    } else {
      out.append(known.text);
    }
  }

  /// Of a size that the compiler knows, so that it needs no call.
  template <std::string_view const& Escape>
  static void put_escape(text_buffer& out) {
    char* const to = out.room(Escape.size());
    std::memcpy(to, Escape.data(), Escape.size());
    out.end_at(to + Escape.size());
  }

  /// Data, then the ids of the context; without the fields that the pattern names.
  void put_fields(text_buffer& out, event const& e) {
    bool is_first = true;
    auto const put = [&](member const& m) {
      if (!shown_.empty() && std::find(shown_.begin(), shown_.end(), m.key) != shown_.end()) return;
      if (!std::exchange(is_first, false)) out.push_back(' ');
      mark_break(out);
      if (colours_parts_) put_escape<cyan>(out);
      pretty_detail::put_text(out, m.key, pretty_detail::needs_quotes(m.key));
      out.push_back('=');
      if (colours_parts_) put_escape<pretty_detail::plain>(out);
      m.value.visit(value_visitor{{{{out}}}});
    };
    for (member const& m : e.data) put(m);
    for (member const& m : e.context) {
      if (m.value.type != kind::null) put(m);
    }
  }
  void mark_break(text_buffer const& out) {
    if (width_ != 0) breaks_.push_back(out.size());
  }

  /// `type: message`, and each cause behind `; caused by `.
  static void put_exception_line(text_buffer& out, event const& e) {
    value const* current = e.diagnostics.find("exception");
    for (bool is_first = true; current != nullptr && current->is_object(); is_first = false) {
      value const* cause = nullptr;
      if (!is_first) out.append("; caused by ");
      std::string_view type, message;
      for (std::uint32_t i = 0; i < current->size; ++i) {
        member const& m = current->members[i];
        if (m.key == "error.type") type = m.value.as_string();
        if (m.key == "error.message") message = m.value.as_string();
        if (m.key == "error.cause") cause = &m.value;
      }
      pretty_detail::put_text(out, type);
      out.append(": ");
      pretty_detail::put_text(out, message);
      current = cause;
    }
  }

  /// Seconds with three digits behind the point.
  static void put_elapsed(text_buffer& out, std::int64_t ns) {
    std::int64_t const ms = (std::max)(ns, std::int64_t{0}) / 1'000'000;
    json::put_integer(out, ms / 1'000);
    out.push_back('.');
    char* const to = out.room(3);
    to[0] = static_cast<char>('0' + ms / 100 % 10);
    to[1] = static_cast<char>('0' + ms / 10 % 10);
    to[2] = static_cast<char>('0' + ms % 10);
    out.end_at(to + 3);
  }

  /// Cuts and fills up the text from `begin` on to the widths of the step.
  static void align(text_buffer& out, std::size_t begin, pattern_step const& step) {
    std::size_t width = count_characters(out.from(begin));
    if (step.max_width != 0 && width > step.max_width) {
      out.shrink(begin + size_of_characters(out.from(begin), step.max_width));
      width = step.max_width;
    }
    if (width >= step.min_width) return;
    std::size_t const missing = step.min_width - width;
    std::size_t const before = step.align == '<' ? 0 : step.align == '>' ? missing : missing / 2;
    std::size_t const size = out.size() - begin;
    std::size_t const unit = step.fill.size();
    char* const end = out.room(missing * unit);
    char* const text = end - size;
    if (before != 0) std::memmove(text + before * unit, text, size);
    auto const fill = [&step, unit](char* to, std::size_t count) {
      if (unit == 1) {
        for (std::size_t i = 0; i < count; ++i) to[i] = step.fill[0];
      } else {
        for (std::size_t i = 0; i < count; ++i) std::memcpy(to + i * unit, step.fill.data(), unit);
      }
    };
    fill(text, before);
    fill(text + before * unit + size, missing - before);
    out.end_at(end + missing * unit);
  }

  vector<indexed_step> steps_;
  pattern_style style_;
  bool has_exception_;
  bool colours_parts_;  ///< the pattern does not say what is coloured
  vector<pattern_time> times_;
  vector<event_path> paths_;
  vector<repeated_part> repeated_;
  vector<shown_source> sources_;
  std::vector<std::string> shown_;  ///< keys that `{fields}` leaves out
  std::size_t width_ = 0;
  std::size_t line_begin_ = 0;
  std::size_t message_at_ = 0;
  std::vector<std::size_t> breaks_;  ///< offsets where a long line may be divided
  folded_line folder_;
  std::int64_t last_ns_ = 0;
};

}  // namespace fapilog::inline v0_1::detail
