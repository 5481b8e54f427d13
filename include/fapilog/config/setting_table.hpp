// SPDX-License-Identifier: MIT
// What an aggregate tells of its members as data: names, rules, defaults and JSON Schema, for pages and editors.
#pragma once

#include <fapilog/config/config_value.hpp>
#include <fapilog/config/setting_kind.hpp>
#include <fapilog/config/setting_text.hpp>
#include <fapilog/record/level.hpp>
#include <fapilog/setting.hpp>

#include <chrono>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1 {

/// One member of an aggregate.
struct setting_row {
  std::string name;
  std::string text;  ///< meaning and unit
  std::string rule;  ///< what it may be, as in "it must be ..."
  bool secret = false;
  config_value standard;               ///< the default as it would be written in a file; null for none
  config_value schema;                 ///< JSON Schema of its value
  bool by_preset = false;              ///< the default differs from preset to preset
  std::vector<setting_row> members{};  ///< of an aggregate, or of the elements of a list of aggregates
};

namespace detail {

// --- values as they are written ------------------------------------------------------------------------------

[[nodiscard]] inline config_value written_level(level value) {
  std::string_view const name = level_name(value);
  return name.empty() ? config_value{static_cast<int>(value)} : config_value{name};
}

[[nodiscard]] inline config_value written_number(double number) {
  constexpr double most_exact = 1e15;
  if (std::abs(number) < most_exact && number == std::floor(number)) {
    return config_value{static_cast<std::int64_t>(number)};
  }
  return config_value{number};
}

/// As `setting_reader` would read it.
template <class T>
[[nodiscard]] config_value written_of(setting const& s, T const& value) {
  if constexpr (is_optional<T>) {
    return value ? written_of(s, *value) : config_value{};
  } else if constexpr (std::same_as<T, level>) {
    return written_level(value);
  } else if constexpr (std::same_as<T, level_set>) {
    config_value all = config_value::list();
    for (std::size_t i = 0; i < level_count; ++i) {
      if (value.contains(static_cast<level>(i))) all.push_back(written_level(static_cast<level>(i)));
    }
    return all;
  } else if constexpr (whole_number<T>) {
    if (s.form == setting_form::octal) {
      std::string digits;
      for (T rest = value; rest != 0; rest = static_cast<T>(rest / 8)) {
        digits.insert(digits.begin(), static_cast<char>('0' + rest % 8));
      }
      return config_value{'0' + digits};
    }
    if (s.form == setting_form::bytes && std::cmp_greater_equal(value, 1024)) {
      std::string const text = bytes_text(static_cast<std::uint64_t>(value));
      if (text.find(' ') != std::string::npos) return config_value{text};
    }
    return config_value{value};
  } else if constexpr (is_duration<T>) {
    auto const ns = std::chrono::duration_cast<std::chrono::nanoseconds>(value);
    bool const counted = s.name.ends_with("_ms") || s.name.ends_with("_seconds");
    if (counted) return written_number(static_cast<double>(ns.count()) / plain_unit_ns(s));
    return config_value{duration_text(ns)};
  } else if constexpr (std::is_enum_v<T>) {
    for (auto const& [known, name] : enum_names<T>::names) {
      if (known == value) return config_value{std::string_view{name}};
    }
    return {};
  } else if constexpr (std::same_as<T, bool> || std::same_as<T, std::string>) {
    return config_value{value};
  } else if constexpr (std::floating_point<T>) {
    return written_number(static_cast<double>(value));
  } else if constexpr (map_like<T>) {
    config_value all = config_value::object();
    for (auto const& [key, mapped] : value) {
      if constexpr (std::same_as<std::remove_cvref_t<decltype(key)>, level>) {
        all.set(std::to_string(static_cast<unsigned>(key)), written_of(s, mapped));
      } else {
        all.set(key, written_of(s, mapped));
      }
    }
    return all;
  } else if constexpr (list_like<T>) {
    config_value all = config_value::list();
    for (auto const& one : value)
      all.push_back(written_of(s, static_cast<typename T::value_type const&>(one)));
    return all;
  } else {
    config_value all = config_value::object();
    T::describe(value, [&all](setting const& inner, auto const& member) {
      all.set(inner.name, written_of(inner, member));
    });
    return all;
  }
}

// --- JSON Schema ---------------------------------------------------------------------------------------------

[[nodiscard]] inline config_value schema_of_type(std::string_view type) {
  config_value schema = config_value::object();
  schema.set("type", type);
  return schema;
}

[[nodiscard]] inline config_value schema_of_any(config_value first, config_value second) {
  config_value schema = config_value::object();
  schema.set("anyOf", config_value::list({std::move(first), std::move(second)}));
  return schema;
}

[[nodiscard]] inline config_value schema_of_text(std::string_view pattern) {
  config_value schema = schema_of_type("string");
  schema.set("pattern", pattern);
  return schema;
}

[[nodiscard]] inline config_value schema_of_number(std::string_view type, setting const& s) {
  config_value schema = schema_of_type(type);
  if (std::isfinite(s.min)) {
    schema.set(s.above_min ? "exclusiveMinimum" : "minimum", written_number(s.min));
  }
  if (std::isfinite(s.max)) schema.set("maximum", written_number(s.max));
  return schema;
}

[[nodiscard]] inline config_value schema_of_level() {
  config_value names = config_value::list();
  for (std::string_view const name :
       {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL", "AUDIT", "SECURITY", "WARN", "FATAL"}) {
    names.push_back(name);
    names.push_back(lower_case(name));
  }
  config_value named = config_value::object();
  named.set("enum", std::move(names));
  return schema_of_any(
      std::move(named),
      schema_of_number("integer", {.name = {}, .text = {}, .min = 0, .max = level_count - 1}));
}

template <class T>
[[nodiscard]] config_value schema_of_object();

/// Of a value, without what is said of the setting.
template <class T>
[[nodiscard]] config_value schema_of(setting const& given) {
  setting const s = with_bounds_of<T>(given, sizeof(T) < sizeof(std::int64_t));
  if constexpr (is_optional<T>) {
    return schema_of<typename T::value_type>(s);
  } else if constexpr (std::same_as<T, bool>) {
    return schema_of_type("boolean");
  } else if constexpr (std::same_as<T, level>) {
    return schema_of_level();
  } else if constexpr (std::same_as<T, level_set>) {
    config_value schema = schema_of_type("array");
    schema.set("items", schema_of_level());
    return schema;
  } else if constexpr (whole_number<T>) {
    if (s.form == setting_form::octal) return schema_of_text("^[0-7]+$");
    if (s.form != setting_form::bytes) return schema_of_number("integer", s);
    return schema_of_any(schema_of_number("integer", s),
                         schema_of_text("^ *[0-9]+(\\.[0-9]+)? *([KkMmGgTt][Ii]?)?[Bb] *$|^ *[0-9]+ *$"));
  } else if constexpr (std::floating_point<T>) {
    return schema_of_number("number", s);
  } else if constexpr (is_duration<T>) {
    return schema_of_any(
        schema_of_number("number", s),
        schema_of_text("^ *[0-9]+(\\.[0-9]+)? *(ns|us|ms|s|m|h|d|w)? *$|^ *(hourly|daily|weekly) *$"));
  } else if constexpr (std::is_enum_v<T>) {
    config_value names = config_value::list();
    for (auto const& [value, name] : enum_names<T>::names) names.push_back(std::string_view{name});
    config_value schema = config_value::object();
    schema.set("enum", std::move(names));
    return schema;
  } else if constexpr (std::same_as<T, std::string>) {
    return schema_of_type("string");
  } else if constexpr (map_like<T>) {
    config_value schema = schema_of_type("object");
    schema.set("additionalProperties", schema_of<typename map_types<T>::mapped>(s));
    return schema;
  } else if constexpr (list_like<T>) {
    config_value schema = schema_of_type("array");
    schema.set("items", schema_of<typename T::value_type>(s));
    return schema;
  } else {
    return schema_of_object<T>();
  }
}

/// The same, or null, which takes away what a lower layer says.
[[nodiscard]] inline config_value or_null(config_value schema) {
  if (auto* const type = schema.find("type")) *type = config_value::list({*type, "null"});
  else if (auto* const names = schema.find("enum")) names->push_back({});
  else if (auto* const any = schema.find("anyOf")) any->push_back(schema_of_type("null"));
  return schema;
}

/// The rows of the elements of a list of aggregates, or of an aggregate itself.
template <class T>
void add_members(setting_row& row, T const& value);

}  // namespace detail

/// The members of an aggregate in their order; defaults are those of `standard`.
template <described T>
[[nodiscard]] std::vector<setting_row> setting_table(T const& standard = {}) {
  std::vector<setting_row> rows;
  T::describe(standard, [&rows]<class M>(setting const& s, M const& member) {
    setting_row row{.name = std::string{s.name},
                    .text = std::string{s.text},
                    .rule = detail::rule_of<M>(s),
                    .secret = s.form == setting_form::secret,
                    .standard = detail::written_of(s, member),
                    .schema = detail::or_null(detail::schema_of<M>(s))};
    if (row.secret) row.schema.set("writeOnly", true);
    detail::add_members(row, member);
    rows.push_back(std::move(row));
  });
  return rows;
}

/// JSON Schema of an object that has these members and no others.
[[nodiscard]] inline config_value schema_of_rows(std::vector<setting_row> const& rows) {
  config_value members = config_value::object();
  for (setting_row const& row : rows) members.add(row.name, row.schema).set("description", row.text);
  config_value schema = detail::schema_of_type("object");
  schema.set("properties", std::move(members));
  schema.set("additionalProperties", false);
  return schema;
}

namespace detail {

template <class T>
[[nodiscard]] config_value schema_of_object() {
  static_assert(described<T>, "fapilog: a setting of this type has no form in text");
  return schema_of_rows(setting_table<T>());
}

template <class T>
void add_members(setting_row& row, T const& value) {
  if constexpr (described<T>) {
    row.members = setting_table(value);
  } else if constexpr (list_like<T>) {
    if constexpr (described<typename T::value_type>) row.members = setting_table<typename T::value_type>();
  }
}

}  // namespace detail
}  // namespace fapilog::inline v0_1
