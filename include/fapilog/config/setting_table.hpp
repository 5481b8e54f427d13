// SPDX-License-Identifier: MIT
// The settings of an aggregate as data: names, rules, defaults and JSON Schema, for documentation and editors.
#pragma once

#include <fapilog/config/config_value.hpp>
#include <fapilog/detail/settings/setting_type.hpp>
#include <fapilog/detail/settings/setting_value.hpp>
#include <fapilog/detail/text/quantity_text.hpp>
#include <fapilog/setting.hpp>

#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1 {

namespace detail {
/// One member of an aggregate.
struct setting_row {
  std::string name;
  std::string text;  ///< meaning and unit
  std::string rule;  ///< the values that it may have, as in "expected ..."
  bool secret = false;
  bool reloadable = false;             ///< takes effect in a running runtime
  bool advanced = false;               ///< rarely worth a change
  config_value standard = {};          ///< the default in the form of a settings file; null if there is none
  config_value schema = {};            ///< JSON Schema of its value
  bool by_preset = false;              ///< true if presets have different defaults
  std::vector<setting_row> members{};  ///< of an aggregate, or of the elements of a list of aggregates
};

// --- values as they are written ------------------------------------------------------------------------------

[[nodiscard]] inline config_value written_number(double number) {
  constexpr double max_exact = 1e15;
  if (std::abs(number) < max_exact && number == std::floor(number)) {
    return config_value{static_cast<std::int64_t>(number)};
  }
  return config_value{number};
}

[[nodiscard]] inline config_value written_scalar(setting const& s, setting_type const& type,
                                                 setting_scalar const& value) {
  auto const bits = static_cast<std::uint64_t>(value.whole);
  switch (type.kind) {
    case setting_kind::boolean: return config_value{value.whole != 0};
    case setting_kind::level: {
      std::string_view const name = type.level_name(value.whole);
      return name.empty() ? config_value{value.whole} : config_value{name};
    }
    case setting_kind::name: {
      std::int64_t known = 0;
      for (std::size_t i = 0;; ++i) {
        std::string_view const name = type.name_at(i, known);
        if (name.empty()) return {};
        if (known == value.whole) return config_value{name};
      }
    }
    case setting_kind::integer: {
      if (s.form == setting_form::octal) return config_value{octal_text(bits)};
      if (s.form == setting_form::bytes && bits >= 1024) {
        std::string const text = bytes_text(bits);
        if (text.find(' ') != std::string::npos) return config_value{text};
      }
      return type.is_signed ? config_value{value.whole} : config_value{bits};
    }
    case setting_kind::duration: {
      bool const is_plain = s.name.ends_with("_ms") || s.name.ends_with("_seconds");
      if (is_plain) return written_number(static_cast<double>(value.whole) / plain_unit_ns(s));
      return config_value{duration_text(std::chrono::nanoseconds{value.whole})};
    }
    case setting_kind::number:
    case setting_kind::string:
    case setting_kind::optional:
    case setting_kind::list:
    case setting_kind::map:
    case setting_kind::object: break;
  }
  return written_number(value.number);
}

/// Returns a value in the form that `setting_reader` reads.
[[nodiscard]] inline config_value written_of(setting const& s, setting_type const& type, void const* value) {
  switch (type.kind) {
    case setting_kind::string: return config_value{*static_cast<std::string const*>(value)};
    case setting_kind::object: {
      config_value all = config_value::object();
      for (setting_member const& member : members_of(value, type))
        all.set(member.row.name, written_of(member.row, *member.type, member.value));
      return all;
    }
    case setting_kind::optional:
    case setting_kind::list:
    case setting_kind::map: break;
    case setting_kind::boolean:
    case setting_kind::integer:
    case setting_kind::number:
    case setting_kind::duration:
    case setting_kind::level:
    case setting_kind::name: return written_scalar(s, type, type.load(value));
  }
  struct elements {
    setting const& row;
    setting_type const& type;
    config_value all;
  };
  elements found{s, type, {}};
  if (type.kind == setting_kind::list) found.all = config_value::list();
  if (type.kind == setting_kind::map) found.all = config_value::object();
  type.each(value, &found, [](void* context, void const* key, void const* one) {
    auto& to = *static_cast<elements*>(context);
    config_value written = written_of(to.row, *to.type.element, one);
    if (to.type.kind == setting_kind::list) {
      to.all.push_back(std::move(written));
    } else if (to.type.kind == setting_kind::optional) {
      to.all = std::move(written);
    } else if (to.type.key->kind == setting_kind::string) {
      to.all.set(*static_cast<std::string const*>(key), std::move(written));
    } else {
      to.all.set(std::to_string(to.type.key->load(key).whole), std::move(written));
    }
  });
  return found.all;
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

[[nodiscard]] inline config_value schema_of_string(std::string_view pattern) {
  config_value schema = schema_of_type("string");
  schema.set("pattern", pattern);
  return schema;
}

[[nodiscard]] inline config_value schema_of_number(std::string_view type, double min, double max,
                                                   bool above_min = false) {
  config_value schema = schema_of_type(type);
  if (min > -setting::no_bound) schema.set(above_min ? "exclusiveMinimum" : "minimum", written_number(min));
  if (max < setting::no_bound) schema.set("maximum", written_number(max));
  return schema;
}

[[nodiscard]] inline config_value schema_of_level() {
  config_value names = config_value::list();
  for (std::string_view const name :
       {"TRACE", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL", "AUDIT", "SECURITY", "WARN", "FATAL"}) {
    names.push_back(name);
    names.push_back(lower_case(name));
  }
  config_value named = config_value::object();
  named.set("enum", std::move(names));
  constexpr double max_level = 99;
  return schema_of_any(std::move(named), schema_of_number("integer", 0, max_level));
}

/// The setting's bounds, or those of a C++ type that a double can hold exactly.
[[nodiscard]] inline config_value schema_of_bounded(std::string_view name, setting const& s,
                                                    setting_type const& type) {
  double min = lower_bound_of(s, type);
  double max = s.max;
  if (type.kind == setting_kind::integer && type.bytes < sizeof(std::int64_t)) {
    auto const bits = static_cast<int>(type.bytes * 8) - (type.is_signed ? 1 : 0);
    if (max >= setting::no_bound) max = std::ldexp(1.0, bits) - 1;
    if (min <= -setting::no_bound) min = -std::ldexp(1.0, bits);
  }
  return schema_of_number(name, min, max, s.above_min);
}

[[nodiscard]] inline config_value schema_of_object(setting_type const& type, void const* standard);

/// The schema of an element of a list, map or optional value.
[[nodiscard]] inline config_value schema_of_element(setting const& s, setting_type const& type);

/// Returns the schema of a value, without the description of the setting.
[[nodiscard]] inline config_value schema_of(setting const& s, setting_type const& type, void const* value) {
  switch (type.kind) {
    case setting_kind::optional: return schema_of_element(s, type);
    case setting_kind::boolean: return schema_of_type("boolean");
    case setting_kind::level: return schema_of_level();
    case setting_kind::integer:
      if (s.form == setting_form::octal) return schema_of_string("^[0-7]+$");
      if (s.form != setting_form::bytes) return schema_of_bounded("integer", s, type);
      return schema_of_any(schema_of_bounded("integer", s, type),
                           schema_of_string("^ *[0-9]+(\\.[0-9]+)? *([KkMmGgTt][Ii]?)?[Bb] *$|^ *[0-9]+ *$"));
    case setting_kind::number: return schema_of_bounded("number", s, type);
    case setting_kind::duration:
      return schema_of_any(
          schema_of_bounded("number", s, type),
          schema_of_string("^ *[0-9]+(\\.[0-9]+)? *(ns|us|ms|s|m|h|d|w)? *$|^ *(hourly|daily|weekly) *$"));
    case setting_kind::name: {
      config_value names = config_value::list();
      std::int64_t known = 0;
      for (std::size_t i = 0;; ++i) {
        std::string_view const name = type.name_at(i, known);
        if (name.empty()) break;
        names.push_back(name);
      }
      config_value schema = config_value::object();
      schema.set("enum", std::move(names));
      return schema;
    }
    case setting_kind::string: {
      config_value schema = schema_of_type("string");
      if (s.not_empty) schema.set("minLength", 1);
      return schema;
    }
    case setting_kind::map: {
      config_value schema = schema_of_type("object");
      schema.set("additionalProperties", schema_of_element(s, type));
      return schema;
    }
    case setting_kind::list: {
      config_value schema = schema_of_type("array");
      schema.set("items", schema_of_element(s, type));
      if (s.not_empty) schema.set("minItems", 1);
      return schema;
    }
    case setting_kind::object: break;
  }
  return schema_of_object(type, value);
}

/// Also allows null, which removes the value of a lower layer.
[[nodiscard]] inline config_value or_null(config_value schema) {
  if (auto* const type = schema.find("type")) *type = config_value::list({*type, "null"});
  else if (auto* const names = schema.find("enum")) names->push_back({});
  else if (auto* const any = schema.find("anyOf")) any->push_back(schema_of_type("null"));
  return schema;
}

/// Returns the members of an object; their values in `standard` are the defaults.
[[nodiscard]] inline std::vector<setting_row> rows_of(setting_type const& type, void const* standard) {
  std::vector<setting_row> rows;
  for (setting_member const& member : members_of(standard, type)) {
    setting const& s = member.row;
    setting_row row{.name = std::string{s.name},
                    .text = std::string{s.text},
                    .rule = rule_of(s, *member.type),
                    .secret = s.form == setting_form::secret,
                    .reloadable = s.reloadable,
                    .advanced = s.advanced,
                    .standard = written_of(s, *member.type, member.value),
                    .schema = or_null(schema_of(s, *member.type, member.value))};
    if (row.secret) row.schema.set("writeOnly", true);
    setting_type const& kind = *member.type;
    if (kind.kind == setting_kind::object) {
      row.members = rows_of(kind, member.value);
    } else if (kind.kind == setting_kind::list && kind.element->kind == setting_kind::object) {
      struct element {
        setting_type const& type;
        setting_row& row;
      } of{*kind.element, row};
      (void)kind.append(nullptr, &of, [](void* context, void* /*key*/, void* one) {
        auto& to = *static_cast<element*>(context);
        to.row.members = rows_of(to.type, one);
        return false;
      });
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

/// The members of an aggregate in their order; defaults are those of `standard`.
template <described T>
[[nodiscard]] std::vector<setting_row> setting_table(T const& standard = {}) {
  return detail::rows_of(detail::setting_type_of<T>, &standard);
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

[[nodiscard]] inline config_value schema_of_object(setting_type const& type, void const* standard) {
  return schema_of_rows(rows_of(type, standard));
}

[[nodiscard]] inline config_value schema_of_element(setting const& s, setting_type const& type) {
  struct element {
    setting const& row;
    setting_type const& type;
    config_value schema;
  } of{s, *type.element, {}};
  (void)type.append(nullptr, &of, [](void* context, void* /*key*/, void* one) {
    auto& to = *static_cast<element*>(context);
    to.schema = schema_of(to.row, to.type, one);
    return false;
  });
  return of.schema;
}

}  // namespace detail
}  // namespace fapilog::inline v0_1
