// SPDX-License-Identifier: MIT
// A template for a record, with placeholders such as {{record}} and {{message}}.
#pragma once

#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/record/json.hpp>
#include <fapilog/record/uuid.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// Appends a string to `out` in the form that it has between the quotes of JSON. `buffer` is working memory.
inline void append_json_escaped(std::string& out, std::string_view text, text_buffer& buffer) {
  buffer.clear();
  json::put_text(buffer, text);
  std::string_view const quoted = buffer.view();
  out.append(quoted.substr(1, quoted.size() - 2));
}

/// Thread: one at a time. Throws: std::bad_alloc.
class record_template {
 public:
  /// Returns what is wrong with a template, or nothing.
  [[nodiscard]] static std::string_view problem(std::string_view text) {
    bool has_placeholder = false;
    for (std::size_t at = text.find("{{"); at != std::string_view::npos; at = text.find("{{", at + 2)) {
      if (find(text.substr(at)) == nullptr) return "contains an unknown placeholder";
      has_placeholder = true;
    }
    return has_placeholder ? "" : "contains no placeholder";
  }

  /// `text` must have no problem.
  explicit record_template(std::string_view text) {
    while (!text.empty()) {
      std::size_t const at = text.find("{{");
      part& added = parts_.emplace_back();
      added.before = text.substr(0, at);
      if (at == std::string_view::npos) return;
      text.remove_prefix(at);
      placeholder const* const found = find(text);
      if (found == nullptr) return;
      added.which = found->second;
      text.remove_prefix(found->first.size());
    }
  }

  void append(std::string& out, entry const& e) {
    for (part const& p : parts_) {
      out.append(p.before);
      switch (p.which) {
        case source::none: break;
        case source::record: out.append(e.json); break;
        case source::message: append_json_escaped(out, e.event.message, buffer_); break;
        case source::level: append_json_escaped(out, e.event.level_name, buffer_); break;
        case source::logger: append_json_escaped(out, e.event.logger, buffer_); break;
        case source::message_id: out.append(to_string(e.event.message_id)); break;
      }
    }
  }

 private:
  enum class source : std::uint8_t { none, record, message, level, logger, message_id };
  using placeholder = std::pair<std::string_view, source>;
  struct part {
    std::string before;
    source which = source::none;
  };

  /// The placeholder with which the text begins, or null.
  [[nodiscard]] static placeholder const* find(std::string_view text) noexcept {
    static constexpr std::array<placeholder, 5> all{{{"{{record}}", source::record},
                                                     {"{{message}}", source::message},
                                                     {"{{level}}", source::level},
                                                     {"{{logger}}", source::logger},
                                                     {"{{message_id}}", source::message_id}}};
    for (placeholder const& one : all) {
      if (text.starts_with(one.first)) return &one;
    }
    return nullptr;
  }

  std::vector<part> parts_;
  text_buffer buffer_;
};

}  // namespace fapilog::inline v0_1::detail
