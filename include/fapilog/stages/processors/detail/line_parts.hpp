// SPDX-License-Identifier: MIT
// A line of envelope v1.1 in pieces, from which a shorter line can be written.
#pragma once

#include <fapilog/record/json_parts.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// A member of the line, in its original text.
struct line_piece {
  std::string_view key;  ///< with quotes
  std::string_view value;
  std::size_t cut_at = 0;  ///< for a string that was cut: its bytes without the closing quote; 0 if not cut
  bool is_kept = true;

  [[nodiscard]] std::size_t value_size() const noexcept { return cut_at == 0 ? value.size() : cut_at + 1; }
  [[nodiscard]] std::size_t size() const noexcept { return key.size() + 1 + value_size(); }
  [[nodiscard]] bool is_string() const noexcept { return value.starts_with('"'); }
};

/// An object of the line.
struct line_part {
  std::vector<line_piece> pieces;
  std::size_t kept = 0;

  [[nodiscard]] line_piece* find(std::string_view key) noexcept {
    for (line_piece& piece : pieces) {
      if (piece.key == key) return &piece;
    }
    return nullptr;
  }
};

/// Views into a line. Sizes are those of the line that `write` would produce. Thread: one. Throws: std::bad_alloc.
class line_parts {
 public:
  line_part top;
  line_part log;
  line_part context;
  line_part diagnostics;
  line_part data;

  /// False if the line is not an envelope with timestamp, level, message and data.
  [[nodiscard]] bool read(std::string_view line) {
    for (line_part* const part : {&log, &context, &diagnostics, &data}) *part = {};
    if (!read(line, top)) return false;
    line_piece const* const inner = top.find(R"("log")");
    if (inner == nullptr || !read(inner->value, log)) return false;
    for (std::string_view const key : {R"("timestamp")", R"("level")", R"("message")"}) {
      line_piece const* const found = log.find(key);
      if (found == nullptr || !found->is_string()) return false;
    }
    line_piece const* const fields = log.find(R"("data")");
    if (fields == nullptr || !read(fields->value, data)) return false;
    for (auto const& [key, part] :
         {nested{R"("context")", &context}, nested{R"("diagnostics")", &diagnostics}}) {
      line_piece const* const found = log.find(key);
      if (found != nullptr && !read(found->value, *part)) return false;
    }
    size_ = line.size();
    return true;
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  void remove(line_part& part, line_piece& piece) noexcept {
    piece.is_kept = false;
    size_ -= piece.size() + (part.kept > 1 ? 1 : 0);
    --part.kept;
  }
  /// Cuts a string to at most `max_bytes` bytes, quotes included.
  void cut(line_piece& piece, std::size_t max_bytes) noexcept {
    if (piece.value_size() <= max_bytes) return;
    size_ -= piece.size();
    piece.cut_at = detail::json::clip_string(piece.value, max_bytes).size();
    size_ += piece.size();
  }
  /// Adds a member to `data` or replaces the one with this key. Both strings are JSON and must live until `write`.
  void set(std::string_view key, std::string_view value) {
    if (line_piece* const old = data.find(key)) {
      size_ -= old->size();
      *old = {.key = key, .value = value};
      size_ += old->size();
      return;
    }
    data.pieces.push_back({.key = key, .value = value});
    size_ += data.pieces.back().size() + (data.kept > 0 ? 1 : 0);
    ++data.kept;
  }

  void write(std::string& out) const { write(out, top); }

 private:
  struct nested {
    std::string_view key;
    line_part* part;
  };

  [[nodiscard]] bool read(std::string_view text, line_part& part) {
    members_.clear();
    part.pieces.clear();
    if (!detail::json::split(text, members_)) return false;
    for (detail::json::text_member const& m : members_)
      part.pieces.push_back({.key = m.key, .value = m.value});
    part.kept = part.pieces.size();
    return true;
  }

  /// The part that a member of `top` or `log` holds, or null.
  [[nodiscard]] line_part const* part_of(line_part const& within, std::string_view key) const noexcept {
    if (&within == &top) return key == R"("log")" ? &log : nullptr;
    if (&within != &log) return nullptr;
    if (key == R"("context")") return &context;
    if (key == R"("diagnostics")") return &diagnostics;
    return key == R"("data")" ? &data : nullptr;
  }

  void write(std::string& out, line_part const& part) const {
    out += '{';
    bool is_first = true;
    for (line_piece const& piece : part.pieces) {
      if (!piece.is_kept) continue;
      if (!is_first) out += ',';
      is_first = false;
      out.append(piece.key).append(":");
      if (line_part const* const inner = part_of(part, piece.key)) {
        write(out, *inner);
      } else {
        out.append(piece.value, 0, piece.cut_at == 0 ? std::string_view::npos : piece.cut_at);
        if (piece.cut_at != 0) out += '"';
      }
    }
    out += '}';
  }

  std::vector<detail::json::text_member> members_;
  std::size_t size_ = 0;
};

}  // namespace fapilog::inline v0_1::detail
