// SPDX-License-Identifier: MIT
// Limits the size of finished lines.
#pragma once

#include <fapilog/detail/memory/stable_sort.hpp>
#include <fapilog/detail/settings/setting_check.hpp>
#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/record/envelope.hpp>
#include <fapilog/record/json.hpp>
#include <fapilog/setting.hpp>
#include <fapilog/stages/processor.hpp>
#include <fapilog/stages/processors/detail/line_parts.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::processors {

/// What happens to a line that is too long.
enum class oversize_action : std::uint8_t {
  truncate,  ///< shorten it, with `data._truncated` true
  drop,      ///< drop the record and count it as failed
  mark,      ///< keep the whole line, with `data._oversize` true
};

}  // namespace fapilog::inline v0_1::processors

template <>
struct fapilog::enum_names<fapilog::processors::oversize_action> {
  static constexpr std::array names{
      std::pair{processors::oversize_action::truncate, std::string_view{"truncate"}},
      std::pair{processors::oversize_action::drop, std::string_view{"drop"}},
      std::pair{processors::oversize_action::mark, std::string_view{"mark"}}};
};

namespace fapilog::inline v0_1::processors {

struct size_guard_config {
  /// Largest line, in bytes without its line end.
  std::uint64_t max_bytes = 256'000;
  oversize_action action = oversize_action::truncate;
  /// Members of `data` and `diagnostics` that are removed last, such as "data.order". A bare key counts in both.
  std::vector<std::string> preserve_fields = {};

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    visit(setting{.name = "max_bytes",
                  .text = "Largest line, in bytes without its line end.",
                  .min = 100,
                  .form = setting_form::bytes},
          self.max_bytes);
    visit(setting{.name = "action", .text = "What happens to a longer line: `truncate`, `drop` or `mark`."},
          self.action);
    visit(setting{.name = "preserve_fields",
                  .text = "Members of `data` and `diagnostics` that are removed last from a line."},
          self.preserve_fields);
  }
};

/// `truncate` removes the largest members of `data` and `diagnostics` and cuts the message until the line fits.
/// Timestamp, level, logger, message_id, the ids of `context` and the beginning of the message stay. If little else is
/// left, the ids and the logger's name are cut, too; below about 300 bytes only timestamp, level and message remain. The
/// line is valid JSON, with `_truncated` true and the original length as `_original_size` in its `data`. A line that an
/// earlier processor turned into something other than an envelope cannot be truncated: its record is dropped. Throws:
/// std::invalid_argument in the constructor; std::bad_alloc. Thread: the worker's; `collect` any.
class size_guard {
 public:
  explicit size_guard(size_guard_config const& config = {}) : config_(checked(config)) {
    for (std::string_view const path : config_.preserve_fields) {
      bool const in_data = path.starts_with("data.");
      bool const in_diagnostics = path.starts_with("diagnostics.");
      std::string key = json_key(in_data || in_diagnostics ? path.substr(path.find('.') + 1) : path);
      if (!in_diagnostics) kept_data_.push_back(key);
      if (!in_data) kept_diagnostics_.push_back(std::move(key));
    }
  }

  [[nodiscard]] static constexpr std::string_view name() noexcept { return "size_guard"; }

  [[nodiscard]] bool process(event const&, std::string& line) {
    if (line.size() <= config_.max_bytes) return true;
    if (config_.action == oversize_action::drop) return drop();
    bool const is_envelope = parts_.read(line);
    std::string const size = std::to_string(line.size());
    out_.clear();
    if (config_.action == oversize_action::mark) {
      marked_.add();
      if (!is_envelope) return true;
      parts_.set(R"("_oversize")", "true");
      parts_.set(original_size, size);
      parts_.write(out_);
    } else {
      if (!is_envelope) return drop();
      truncated_.add();
      parts_.set(truncated, "true");
      parts_.set(original_size, size);
      truncate();
    }
    line.assign(out_);
    return true;
  }

  void collect(metric_list& all) const {
    auto const add = [&all](std::string_view what, std::string_view help, counter const& count) {
      metric m;
      m.name = "processor_size_guard_" + std::string{what} + "_total";
      m.help = help;
      m.value = static_cast<double>(count.value());
      all.push_back(std::move(m));
    };
    add("truncated", "Lines that the size guard shortened.", truncated_);
    add("dropped", "Records that the size guard dropped.", dropped_);
    add("marked", "Lines that were too long and that the size guard only marked.", marked_);
  }

 private:
  static constexpr std::string_view truncated = R"("_truncated")";
  static constexpr std::string_view original_size = R"("_original_size")";

  static constexpr std::size_t longest_id = 130;  ///< with quotes
  static constexpr std::size_t short_id = 40;     ///< a message_id fits

  struct candidate {
    detail::line_part* part;
    detail::line_piece* piece;
  };

  static size_guard_config const& checked(size_guard_config const& config) {
    check_settings(name(), config);
    for (std::string const& path : config.preserve_fields) {
      if (path.empty() || path.back() == '.') {
        detail::refuse_setting(name(), "preserve_fields", '\'' + path + '\'', "keys such as data.order");
      }
    }
    return config;
  }

  static std::string json_key(std::string_view key) {
    detail::text_buffer text;
    detail::json::put_text(text, key);
    return std::string{text.view()};
  }

  bool drop() noexcept {
    dropped_.add();
    return false;
  }

  void truncate() {
    detail::line_piece& message = *parts_.log.find(R"("message")");
    remove_largest(message);
    cut_ids(longest_id);
    parts_.cut(message, room_for(message, short_id));
    cut_ids(short_id);
    parts_.cut(message, room_for(message, 2));
    if (excess() > 0) return write_minimal(message);
    parts_.write(out_);
  }

  [[nodiscard]] std::size_t max_bytes() const noexcept {
    constexpr std::uint64_t max_size = (std::numeric_limits<std::size_t>::max)();
    return static_cast<std::size_t>((std::min)(config_.max_bytes, max_size));
  }
  [[nodiscard]] std::size_t excess() const noexcept {
    return parts_.size() > max_bytes() ? parts_.size() - max_bytes() : 0;
  }
  /// Returns the size that a string may have so that the line fits, but not less than `min_bytes`.
  [[nodiscard]] std::size_t room_for(detail::line_piece const& piece, std::size_t min_bytes) const noexcept {
    std::size_t const size = piece.value_size();
    return size > excess() + min_bytes ? size - excess() : min_bytes;
  }

  /// Removes members that are not preserved first, and cuts the message while it takes more than a quarter of the line.
  void remove_largest(detail::line_piece& message) {
    first_.clear();
    last_.clear();
    first_.push_back({&parts_.log, &message});
    gather(parts_.data, {truncated, original_size}, kept_data_);
    gather(parts_.diagnostics, {R"("origin")"}, kept_diagnostics_);
    gather(parts_.log,
           {R"("timestamp")", R"("level")", R"("message")", R"("logger")", R"("context")", R"("diagnostics")",
            R"("data")"},
           {});
    gather(parts_.top, {R"("schema_version")", R"("log")"}, {});
    for (detail::line_piece& piece : parts_.context.pieces) {
      if (!is_id(piece.key)) first_.push_back({&parts_.context, &piece});
    }
    for (auto* const all : {&first_, &last_}) {
      detail::stable_sort(
          *all, [](candidate const& a, candidate const& b) { return a.piece->size() > b.piece->size(); });
      for (candidate const& c : *all) {
        if (excess() == 0) return;
        if (c.piece == &message) {
          parts_.cut(message, room_for(message, (std::max<std::size_t>)(max_bytes() / 4, 2)));
        } else {
          parts_.remove(*c.part, *c.piece);
        }
      }
    }
  }

  void gather(detail::line_part& part, std::initializer_list<std::string_view> stay,
              std::vector<std::string> const& preserved) {
    for (detail::line_piece& piece : part.pieces) {
      if (std::find(stay.begin(), stay.end(), piece.key) != stay.end()) continue;
      bool const goes_last = std::find(preserved.begin(), preserved.end(), piece.key) != preserved.end();
      (goes_last ? last_ : first_).push_back({&part, &piece});
    }
  }

  static bool is_id(std::string_view key) noexcept {
    return key == R"("message_id")" || detail::is_context_key(key.substr(1, key.size() - 2));
  }

  void cut_ids(std::size_t longest) noexcept {
    if (excess() == 0) return;
    for (detail::line_piece& piece : parts_.context.pieces) {
      if (piece.is_string()) parts_.cut(piece, longest);
    }
    if (detail::line_piece* const logger = parts_.log.find(R"("logger")");
        logger != nullptr && logger->is_string())
      parts_.cut(*logger, longest);
  }

  /// Writes only what fits into a hundred bytes.
  void write_minimal(detail::line_piece const& message) {
    auto const string = [this](std::string_view text, std::size_t longest) {
      out_.append(detail::json::clip_string(text, longest)).append("\"");
    };
    constexpr std::size_t longest_time = 26;
    constexpr std::size_t longest_level = 18;
    constexpr std::size_t end_size = 2;
    out_ = R"({"log":{"timestamp":)";
    string(parts_.log.find(R"("timestamp")")->value, longest_time);
    out_ += R"(,"level":)";
    string(parts_.log.find(R"("level")")->value, longest_level);
    out_ += R"(,"message":)";
    string(message.value, max_bytes() - out_.size() - end_size);
    out_ += "}}";
  }

  size_guard_config config_;
  std::vector<std::string> kept_data_;  ///< as JSON
  std::vector<std::string> kept_diagnostics_;
  detail::line_parts parts_;
  std::vector<candidate> first_;
  std::vector<candidate> last_;
  std::string out_;
  counter truncated_;
  counter dropped_;
  counter marked_;
};

}  // namespace fapilog::inline v0_1::processors
