// SPDX-License-Identifier: MIT
// Configuration text as a tree of values, each with its origin, which messages name.
#pragma once

#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/record/json.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1 {

namespace detail {
/// The origin of a configuration value: a line of a file, an environment variable, or the program's code.
class config_origin {
 public:
  config_origin() = default;  ///< code
  [[nodiscard]] static config_origin in_text(std::shared_ptr<std::string const> text_name,
                                             std::uint32_t line) {
    config_origin origin;
    origin.name_ = std::move(text_name);
    origin.line_ = line;
    return origin;
  }
  [[nodiscard]] static config_origin in_environment(std::string_view variable) {
    config_origin origin;
    origin.name_ = std::make_shared<std::string const>(variable);
    return origin;
  }

  [[nodiscard]] bool is_environment() const noexcept { return name_ != nullptr && line_ == 0; }
  /// The name of the variable or the file; empty for code.
  [[nodiscard]] std::string_view name() const noexcept {
    return name_ != nullptr ? *name_ : std::string_view{};
  }
  [[nodiscard]] std::uint32_t line() const noexcept { return line_; }
  /// For messages: `fapilog.json:3`, `FAPILOG_CORE__LOG_LEVEL` or `code`.
  [[nodiscard]] std::string text() const {
    if (name_ == nullptr) return "code";
    return line_ == 0 ? *name_ : *name_ + ':' + std::to_string(line_);
  }

 private:
  std::shared_ptr<std::string const> name_;
  std::uint32_t line_ = 0;
};

/// Null, a boolean, a number, a string (`text`), a list, or an object whose members keep their order. The value of an
/// environment variable is a string; if it looks like a JSON list or object, it also has that form. Held by value.
/// Thread: one at a time. Throws: std::bad_alloc.
class config_value {
 public:
  enum class type : std::uint8_t { null, boolean, integer, unsigned_integer, real, text, list, object };
  /// The name of an object's member, and its origin.
  struct member_name {
    std::string text;
    config_origin where;
  };
  /// A string of the environment parsed as JSON: a value, or an error.
  struct json_form;

  config_value() = default;
  template <std::same_as<bool> T>
  config_value(T v)  // NOLINT(google-explicit-constructor)
      : type_(type::boolean), integer_(v ? 1 : 0) {}
  /// Stores a whole number as signed if it fits, so that equal numbers are equal values.
  template <std::integral T>
    requires(!std::same_as<T, bool>)
  config_value(T v)  // NOLINT(google-explicit-constructor)
      : type_(std::in_range<std::int64_t>(v) ? type::integer : type::unsigned_integer),
        integer_(static_cast<std::uint64_t>(v)) {}
  config_value(double v) : type_(type::real), real_(v) {}  // NOLINT(google-explicit-constructor)
  config_value(std::string v)
      : type_(type::text), text_(std::move(v)) {}                     // NOLINT(google-explicit-constructor)
  config_value(std::string_view v) : config_value(std::string{v}) {}  // NOLINT(google-explicit-constructor)
  config_value(char const* v) : config_value(std::string{v}) {}       // NOLINT(google-explicit-constructor)
  [[nodiscard]] static config_value list(std::vector<config_value> items = {}) {
    config_value v;
    v.type_ = type::list;
    v.items_ = std::move(items);
    return v;
  }
  [[nodiscard]] static config_value object() {
    config_value v;
    v.type_ = type::object;
    return v;
  }
  [[nodiscard]] static config_value of_environment(std::string text, config_origin origin,
                                                   std::shared_ptr<json_form const> form = {}) {
    config_value v{std::move(text)};
    v.origin_ = std::move(origin);
    v.form_ = std::move(form);
    return v;
  }

  [[nodiscard]] type kind() const noexcept { return type_; }
  [[nodiscard]] bool is(type t) const noexcept { return type_ == t; }
  [[nodiscard]] bool is_null() const noexcept { return type_ == type::null; }
  [[nodiscard]] bool is_text() const noexcept { return type_ == type::text; }
  [[nodiscard]] bool is_list() const noexcept { return type_ == type::list; }
  [[nodiscard]] bool is_object() const noexcept { return type_ == type::object; }
  /// Each of these getters is valid only for a value of its type.
  [[nodiscard]] bool boolean() const noexcept { return integer_ != 0; }
  [[nodiscard]] std::int64_t integer() const noexcept { return static_cast<std::int64_t>(integer_); }
  [[nodiscard]] std::uint64_t unsigned_integer() const noexcept { return integer_; }
  [[nodiscard]] double real() const noexcept { return real_; }
  [[nodiscard]] std::string const& text() const noexcept { return text_; }
  /// The elements of a list, or the values of an object's members; `names` has their names, one for each.
  [[nodiscard]] std::vector<config_value> const& items() const noexcept { return items_; }
  [[nodiscard]] std::vector<member_name> const& names() const noexcept { return names_; }

  /// The member of this name, or null.
  [[nodiscard]] config_value const* find(std::string_view name) const noexcept {
    for (std::size_t i = 0; i < names_.size(); ++i) {
      if (names_[i].text == name) return &items_[i];
    }
    return nullptr;
  }
  [[nodiscard]] config_value* find(std::string_view name) noexcept {
    return const_cast<config_value*>(std::as_const(*this).find(name));
  }
  /// Adds or replaces a member; a value of another type becomes an empty object first.
  config_value& set(std::string_view name, config_value value, config_origin where = {}) {
    if (!is_object()) *this = object();
    for (std::size_t i = 0; i < names_.size(); ++i) {
      if (names_[i].text != name) continue;
      names_[i].where = std::move(where);
      return items_[i] = std::move(value);
    }
    return add(name, std::move(value), std::move(where));
  }
  /// Adds a member that the object does not have.
  config_value& add(std::string_view name, config_value value, config_origin where = {}) {
    names_.push_back({std::string{name}, std::move(where)});
    return items_.emplace_back(std::move(value));
  }
  void erase(std::string_view name) {
    for (std::size_t i = names_.size(); i-- > 0;) {
      if (names_[i].text != name) continue;
      names_.erase(names_.begin() + static_cast<std::ptrdiff_t>(i));
      items_.erase(items_.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }
  /// Adds an element; a value of another type becomes an empty list first.
  config_value& push_back(config_value value) {
    if (!is_list()) *this = list();
    return items_.emplace_back(std::move(value));
  }

  [[nodiscard]] config_origin const& origin() const noexcept { return origin_; }
  void set_origin(config_origin origin) { origin_ = std::move(origin); }
  /// Null unless this is a string of the environment that begins with `[` or `{`.
  [[nodiscard]] json_form const* form() const noexcept { return form_.get(); }
  /// Returns the value itself, or the list or object that a string of the environment contains.
  [[nodiscard]] config_value const& structure() const noexcept;

 private:
  type type_ = type::null;
  std::uint64_t integer_ = 0;
  double real_ = 0;
  std::string text_;
  std::vector<config_value> items_;
  std::vector<member_name> names_;
  config_origin origin_;
  std::shared_ptr<json_form const> form_;
};

struct config_value::json_form {
  config_value value;
  std::string error;  ///< empty if `value` is valid
};

inline config_value const& config_value::structure() const noexcept {
  return form_ != nullptr && form_->error.empty() ? form_->value : *this;
}

/// Merges `upper` into `base`: objects member by member, any other value as a whole. Null removes a member.
inline void lay_over(config_value& base, config_value const& upper) {
  config_value const& over = upper.structure();
  if (!base.is_object() || !over.is_object()) {
    base = upper;
    return;
  }
  for (std::size_t i = 0; i < over.names().size(); ++i) {
    auto const& [name, where] = over.names()[i];
    config_value const& value = over.items()[i];
    if (value.is_null()) {
      base.erase(name);
      continue;
    }
    config_value const* const below = base.find(name);
    bool const both = below != nullptr && below->structure().is_object() && value.structure().is_object();
    if (!both && !value.is_object()) {
      base.set(name, value, where);
      continue;
    }
    config_value merged = both ? below->structure() : config_value::object();
    lay_over(merged, value);
    merged.set_origin(value.origin());
    base.set(name, std::move(merged), where);
  }
}
}  // namespace detail

namespace detail::config {

inline void put_line(text_buffer& out, int indent, int depth) {
  if (indent == 0) return;
  out.push_back('\n');
  for (int i = 0; i < indent * depth; ++i) out.push_back(' ');
}

inline void put(text_buffer& out, config_value const& v, int indent, int depth, bool sorted) {
  using type = config_value::type;
  switch (v.kind()) {
    case type::null: return out.append("null");
    case type::boolean: return out.append(v.boolean() ? "true" : "false");
    case type::integer: return detail::json::put_integer(out, v.integer());
    case type::unsigned_integer: return detail::json::put_integer(out, v.unsigned_integer());
    case type::real: return detail::json::put_float(out, v.real());
    case type::text: return detail::json::put_text(out, v.text());
    case type::list:
    case type::object: break;
  }
  std::vector<std::size_t> order(v.items().size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (sorted && v.is_object()) {
    std::ranges::sort(order, {}, [&v](std::size_t i) { return std::string_view{v.names()[i].text}; });
  }
  out.push_back(v.is_object() ? '{' : '[');
  bool first = true;
  for (std::size_t const i : order) {
    if (!first) out.push_back(',');
    first = false;
    put_line(out, indent, depth + 1);
    if (v.is_object()) {
      detail::json::put_text(out, v.names()[i].text);
      out.append(indent == 0 ? ":" : ": ");
    }
    put(out, v.items()[i], indent, depth + 1, sorted);
  }
  if (!first) put_line(out, indent, depth);
  out.push_back(v.is_object() ? '}' : ']');
}

}  // namespace detail::config

namespace detail {
/// Formats a value as JSON, in the order of the tree; with an `indent`, each member is on its own line. Includes
/// secrets.
[[nodiscard]] inline std::string to_json(config_value const& v, int indent = 0) {
  detail::text_buffer out;
  detail::config::put(out, v, indent, 0, false);
  return std::string{out.view()};
}

/// Formats a value as JSON with sorted members: the same string for the same configuration, whatever its origin.
/// Includes secrets.
[[nodiscard]] inline std::string canonical_text(config_value const& v) {
  detail::text_buffer out;
  detail::config::put(out, v, 0, 0, true);
  return std::string{out.view()};
}
}  // namespace detail

}  // namespace fapilog::inline v0_1
