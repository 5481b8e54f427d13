// SPDX-License-Identifier: MIT
// Writes an event as a document of the Elastic Common Schema: https://www.elastic.co/guide/en/ecs/8.11/index.html.
#pragma once

#include <fapilog/detail/float_kind.hpp>
#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/record/event.hpp>
#include <fapilog/record/event_path.hpp>
#include <fapilog/record/json.hpp>
#include <fapilog/record/time.hpp>
#include <fapilog/record/value.hpp>
#include <fapilog/sinks/detail/flat_fields.hpp>
#include <fapilog/sinks/detail/unique_names.hpp>
#include <fapilog/sinks/http/detail/exception_causes.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

struct ecs_name {
  std::string_view key;
  std::string_view name;
};
inline constexpr std::array<ecs_name, 4> ecs_context_names{{
    {"trace_id", "trace.id"},
    {"span_id", "span.id"},
    {"user_id", "user.id"},
    {"request_id", "http.request.id"},
}};
inline constexpr std::array<ecs_name, 10> ecs_diagnostics_names{{
    {"service", "service.name"},
    {"version", "service.version"},
    {"env", "service.environment"},
    {"host", "host.name"},
    {"pid", "process.pid"},
    {"thread_id", "process.thread.id"},
    {"thread_name", "process.thread.name"},
    {"file", "log.origin.file.name"},
    {"line", "log.origin.file.line"},
    {"function", "log.origin.function"},
}};
inline constexpr std::array<ecs_name, 3> ecs_error_names{{
    {"error.type", "error.type"},
    {"error.message", "error.message"},
    {"error.stack", "error.stack_trace"},
}};
inline constexpr std::array<std::string_view, 6> ecs_own_names{"@timestamp", "message",   "ecs.version",
                                                               "event.id",   "log.level", "log.logger"};

/// The name of a key; empty if it has none.
[[nodiscard]] constexpr std::string_view ecs_name_of(std::span<ecs_name const> names,
                                                     std::string_view key) noexcept {
  for (ecs_name const& one : names) {
    if (one.key == key) return one.name;
  }
  return {};
}

/// Returns what is wrong with a field `name=path`, or nothing.
[[nodiscard]] inline std::string_view ecs_field_problem(std::string_view field) {
  std::size_t const end = field.find('=');
  std::string_view const name = field.substr(0, end);
  bool const is_name = end != std::string_view::npos && !name.empty() && name.front() != '.' &&
                       name.back() != '.' && name.find("..") == std::string_view::npos &&
                       std::all_of(name.begin(), name.end(),
                                   [](char c) { return is_ascii_alphanumeric(c) || c == '_' || c == '.'; });
  if (!is_name) return "must be `name=path` with a name of letters, digits, _ and .";
  auto const has_name = [name](auto const& names) {
    return std::any_of(names.begin(), names.end(), [name](ecs_name const& one) { return one.name == name; });
  };
  if (name.starts_with("labels") || name.starts_with("numeric_labels") || has_name(ecs_context_names) ||
      has_name(ecs_diagnostics_names) || has_name(ecs_error_names) ||
      std::find(ecs_own_names.begin(), ecs_own_names.end(), name) != ecs_own_names.end()) {
    return "contains a name that the sink sets itself";
  }
  try {
    (void)event_path{field.substr(end + 1)};
  } catch (std::invalid_argument const&) {
    return "must be `name=path` with a path such as data.status";
  }
  return {};
}

/// Names are written with dots, as Elastic's own loggers do. Fields without a name in the schema become `labels` with strings
/// and `numeric_labels` with numbers, so that two records cannot disagree about the type of a name.
/// Thread: one at a time. Throws: std::bad_alloc.
class ecs_document {
 public:
  /// The fields must have no problem.
  explicit ecs_document(std::vector<std::string> const& fields) {
    for (std::string const& field : fields) {
      std::size_t const end = field.find('=');
      fields_.emplace_back(field.substr(0, end), event_path{field.substr(end + 1)});
    }
  }

  /// Appends the document as one line without a line end.
  void put(text_buffer& out, event const& e) {
    constexpr std::uint32_t nanoseconds = 9;
    labels_.clear();
    numbers_.clear();
    names_.clear();
    out.append("{\"@timestamp\":\"");
    out.end_at(put_timestamp(out.room(40), e.unix_ns, nanoseconds));
    json::put_text_between(out, "\",\"message\":\"", e.message, "\",\"ecs.version\":\"8.11.0\"");
    json::put_text_between(out, ",\"log.level\":\"", e.level_name, "\"");
    json::put_text_between(out, ",\"log.logger\":\"", e.logger, "\",\"event.id\":\"");
    out.end_at(put_uuid(out.room(40), e.message_id));
    out.push_back('"');
    put_known(out, e.context, ecs_context_names);
    put_known(out, e.diagnostics, ecs_diagnostics_names);
    for (auto const& [name, path] : fields_) {
      if (auto const found = path.find(e); found && found->type != kind::null)
        json::put_next_member(out, {name, *found});
    }
    for_each_flat_field(e.data, path_, [this](std::string_view path, value const& v) { add_label(path, v); });
    put_object(out, "labels", labels_);
    put_object(out, "numeric_labels", numbers_);
    out.push_back('}');
  }

 private:
  /// Writes the members that have a name, and makes labels of the others.
  void put_known(text_buffer& out, member_list const& members, std::span<ecs_name const> names) {
    auto const add = [this](std::string_view path, value const& v) { add_label(path, v); };
    for (member const& m : members) {
      if (m.value.type == kind::null || m.key == "message_id" || m.key == "origin") continue;
      if (std::string_view const name = ecs_name_of(names, m.key); !name.empty()) {
        json::put_next_member(out, {name, m.value});
      } else if (m.key == "exception" && m.value.is_object()) {
        put_exception(out, m.value);
      } else {
        path_.assign(m.key);
        flat_detail::put_flat(m.value, path_, 0, add);
      }
    }
  }

  /// An exception without a stack has its causes in place of it.
  void put_exception(text_buffer& out, value const& exception) {
    bool has_stack = false;
    for (std::uint32_t i = 0; i < exception.size; ++i) {
      member const& m = exception.members[i];
      if (m.key == "error.cause" && m.value.is_object()) continue;
      if (std::string_view const name = ecs_name_of(ecs_error_names, m.key); !name.empty()) {
        has_stack |= m.key == "error.stack";
        json::put_next_member(out, {name, m.value});
      } else {
        add_label(m.key, m.value);
      }
    }
    scratch_.clear();
    put_causes(scratch_, exception);
    if (!has_stack && scratch_.size() != 0)
      json::put_next_member(out, {"error.stack_trace", value::of_string(scratch_.view())});
  }

  static void put_object(text_buffer& out, std::string_view name, text_buffer& members) {
    if (members.size() == 0) return;
    out.append(",\"");
    out.append(name);
    out.append("\":");
    members.put_at(0, '{');  // instead of the first comma
    out.append(members.view());
    out.push_back('}');
  }

  void add_label(std::string_view path, value const& v) {
    if (v.type == kind::null) return;
    label_.assign(path);
    for (char& c : label_) {
      if (c == '.' || c == '*' || c == '"') c = '_';
    }
    if (label_.find_first_not_of(' ') == std::string::npos) label_ = "_";
    constexpr std::size_t max_size = 1'024;
    names_.add(label_, max_size);
    if (is_number(v)) return json::put_next_member(numbers_, {label_, v});
    if (v.type != kind::array) {
      json::put_next_member(labels_, {label_, value::of_string(text_of(v))});
      return;
    }
    labels_.append(",");
    json::put_text(labels_, label_);
    labels_.append(":[");
    for (std::uint32_t i = 0; i < v.size; ++i) {
      if (i != 0) labels_.push_back(',');
      json::put_text(labels_, text_of(v.elements[i]));
    }
    labels_.push_back(']');
  }

  /// The view is valid until the next call.
  [[nodiscard]] std::string_view text_of(value const& v) {
    if (v.type == kind::string) return v.as_string();
    scratch_.clear();
    put_flat_text(scratch_, v);
    return scratch_.view();
  }

  /// True for what a numeric field of Elasticsearch accepts.
  [[nodiscard]] static bool is_number(value const& v) noexcept {
    constexpr auto max_long = static_cast<std::uint64_t>((std::numeric_limits<std::int64_t>::max)());
    if (v.type == kind::u64) return v.u64 <= max_long;
    if (v.type == kind::f64) return kind_of_float(v.f64) == float_kind::finite;
    if (v.type == kind::f32) return kind_of_float(v.f32) == float_kind::finite;
    return v.type == kind::i64 || v.type == kind::duration;
  }

  std::vector<std::pair<std::string, event_path>> fields_;
  text_buffer labels_;   ///< `,"name":value` for each
  text_buffer numbers_;  ///< the same
  text_buffer scratch_;
  unique_names names_;
  std::string path_;
  std::string label_;
};

}  // namespace fapilog::inline v0_1::detail
