// SPDX-License-Identifier: MIT
// Finds a value in an event by its path in the envelope, such as `context.trace_id` or `data.user.id`.
#pragma once

#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/record/event.hpp>
#include <fapilog/record/json.hpp>
#include <fapilog/record/time.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1 {

/// Paths start below the envelope's `log`: `timestamp`, `level`, `message`, `logger`, `context.<key>`,
/// `diagnostics.<key>`, `data.<key>`, and for nested objects `data.<key>.<key>`. A key may itself contain dots. A path with
/// another first word, such as `user_id`, is searched in context, data and diagnostics, in this order. Members that the
/// envelope adds are included: `context.message_id`, `context.correlation_id`, `diagnostics.origin`. Thread: any; `text`
/// one at a time.
class event_path {
 public:
  /// Throws: std::invalid_argument if the path is empty or has an empty part.
  explicit event_path(std::string_view dotted) : path_(dotted) {
    if (path_.empty() || path_.front() == '.' || path_.back() == '.' ||
        path_.find("..") != std::string::npos) {
      throw std::invalid_argument{
          "fapilog: path '" + path_ +
          "' is not valid; it must be keys separated by dots, such as context.trace_id"};
    }
    std::string_view const path = path_;
    for (auto const& [name, where] :
         {std::pair{"timestamp", root::timestamp}, std::pair{"level", root::level_name},
          std::pair{"message", root::message}, std::pair{"logger", root::logger_name},
          std::pair{"message_id", root::message_id}, std::pair{"context.message_id", root::message_id},
          std::pair{"correlation_id", root::correlation_id},
          std::pair{"context.correlation_id", root::correlation_id},
          std::pair{"diagnostics.origin", root::origin}}) {
      if (path == name) root_ = where;
    }
    if (root_ != root::any) return;
    for (auto const& [name, where] : {std::pair{"context.", root::context}, std::pair{"data.", root::data},
                                      std::pair{"diagnostics.", root::diagnostics}}) {
      if (!path.starts_with(name)) continue;
      root_ = where;
      rest_ = std::string_view{name}.size();
    }
  }

  [[nodiscard]] std::string const& dotted() const noexcept { return path_; }

  /// The value at the path, or nothing. A string is a view into the event's memory.
  [[nodiscard]] std::optional<value> find(event const& e) const noexcept {
    std::string_view const rest = std::string_view{path_}.substr(rest_);
    switch (root_) {
      case root::timestamp: {
        value v;
        v.type = kind::timestamp;
        v.size = 3;
        v.i64 = e.unix_ns;
        return v;
      }
      case root::level_name: return value::of_string(e.level_name);
      case root::message: return value::of_string(e.message);
      case root::logger_name: return value::of_string(e.logger);
      case root::message_id: {
        value v;
        v.type = kind::uuid;
        v.text = reinterpret_cast<char const*>(e.message_id.bytes.data());
        return v;
      }
      case root::correlation_id: return correlation_of(e.context);
      case root::origin: return value::of_string("native");
      case root::context: return in(e.context.begin(), e.context.size(), rest);
      case root::data: return in(e.data.begin(), e.data.size(), rest);
      case root::diagnostics: return in(e.diagnostics.begin(), e.diagnostics.size(), rest);
      case root::any: break;
    }
    for (member_list const* const list : {&e.context, &e.data, &e.diagnostics}) {
      if (auto const found = in(list->begin(), list->size(), rest)) return found;
    }
    return std::nullopt;
  }

  /// The value's text as in a message, or nothing. The view is valid until the next call with this memory.
  [[nodiscard]] std::optional<std::string_view> text(event const& e, detail::text_buffer& memory) const {
    auto const found = find(e);
    if (!found || found->type == kind::null) return std::nullopt;
    if (found->type == kind::string) return found->as_string();
    memory.clear();
    detail::json::put_plain(memory, *found);
    return memory.view();
  }

 private:
  enum class root : std::uint8_t {
    any,
    timestamp,
    level_name,
    message,
    logger_name,
    message_id,
    correlation_id,
    origin,
    context,
    data,
    diagnostics,
  };

  /// The request id if there is no correlation id, as in the envelope.
  static std::optional<value> correlation_of(member_list const& context) noexcept {
    value const* found = context.find("correlation_id");
    if (found == nullptr || found->type == kind::null) found = context.find("request_id");
    return found == nullptr ? std::nullopt : std::optional{*found};
  }

  /// A key that itself contains the dots wins over nested keys.
  static std::optional<value> in(member const* first, std::size_t count, std::string_view path) noexcept {
    for (std::size_t i = 0; i < count; ++i) {
      if (first[i].key == path) return first[i].value;
    }
    for (std::size_t i = 0; i < count; ++i) {
      std::string_view const key = first[i].key;
      if (!first[i].value.is_object() || key.size() + 1 >= path.size() || path[key.size()] != '.' ||
          !path.starts_with(key)) {
        continue;
      }
      if (auto const found = in(first[i].value.members, first[i].value.size, path.substr(key.size() + 1)))
        return found;
    }
    return std::nullopt;
  }

  std::string path_;
  root root_ = root::any;
  std::size_t rest_ = 0;
};

}  // namespace fapilog::inline v0_1
