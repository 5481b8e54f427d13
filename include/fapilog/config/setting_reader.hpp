// SPDX-License-Identifier: MIT
// Fills aggregates that declare their settings from configuration text, and collects everything that is wrong with it.
#pragma once

#include <fapilog/config/config_value.hpp>
#include <fapilog/config/nearest_name.hpp>
#include <fapilog/config/settings_error.hpp>
#include <fapilog/detail/settings/setting_type.hpp>
#include <fapilog/detail/settings/setting_value.hpp>
#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/detail/text/quantity_text.hpp>
#include <fapilog/setting.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1 {

namespace detail {
/// Joins `core` and `log_level` to `core.log_level`.
[[nodiscard]] inline std::string setting_path(std::string_view above, std::string_view name) {
  std::string path{above};
  if (!path.empty()) path += '.';
  return path + detail::config::printable(name);
}
}  // namespace detail

namespace detail::config {

[[nodiscard]] inline given_scalar scalar_given(config_value const& v) noexcept {
  using type = config_value::type;
  given_scalar given;
  switch (v.kind()) {
    case type::boolean: return {.kind = given_scalar::type::boolean, .integer = v.boolean() ? 1 : 0};
    case type::integer: return {.kind = given_scalar::type::integer, .integer = v.integer()};
    case type::unsigned_integer:
      return {.kind = given_scalar::type::unsigned_integer, .unsigned_integer = v.unsigned_integer()};
    case type::real: return {.kind = given_scalar::type::real, .real = v.real()};
    case type::text:
      return {
          .kind = given_scalar::type::string, .is_lenient = v.origin().is_environment(), .string = v.text()};
    case type::null:
    case type::list:
    case type::object: break;
  }
  return given;
}

}  // namespace detail::config

namespace detail {
/// Reads trees into aggregates. A member that is not given, or is null, keeps its value; each one that is wrong is a
/// problem. In a string of the environment, booleans may be yes, no, on, off, 1 or 0, lists have commas between their
/// elements or are JSON, and objects are JSON. Thread: one. Throws: std::bad_alloc.
class setting_reader {
 public:
  explicit setting_reader(std::vector<settings_error::problem>& problems) : problems_(problems) {}

  /// Reads an object into all parts; a name that none of them has is a problem.
  template <described... Parts>
  void read(config_value const& given, std::string_view path, Parts&... parts) {
    std::array<part, sizeof...(Parts)> const all{part{&parts, &detail::setting_type_of<Parts>}...};
    read_object(given, std::string{path}, all);
  }

  /// Returns the object that the value is; reports a problem and returns null if it is not an object. Null counts as an
  /// empty object.
  [[nodiscard]] config_value const* object_of(config_value const& given, std::string_view path) {
    static config_value const nothing = config_value::object();
    if (given.is_null()) return &nothing;
    config_value const& from = given.structure();
    if (from.is_object()) return &from;
    std::string const why = given.form() != nullptr ? " (" + given.form()->error + ')' : "";
    // The value in place of an object may be anything, even a secret.
    add(given.origin(), path, kind_of(given) + why + " is invalid; expected an object");
    return nullptr;
  }

  /// Reports each member whose name is not in `names`, and suggests the nearest one.
  void refuse_unknown(config_value const& from, std::string_view path,
                      std::vector<std::string_view> const& names) {
    for (auto const& [name, where] : from.names()) {
      if (problems_.size() >= max_settings_problems) return;
      if (std::ranges::find(names, std::string_view{name}) != names.end()) continue;
      add(where, setting_path(path, name), "unknown setting" + hint(name, where, path, names));
    }
  }

  void add(config_origin const& where, std::string_view path, std::string text) {
    if (problems_.size() < max_settings_problems) {
      problems_.push_back({where.text(), std::string{path}, std::move(text)});
    }
  }

  /// Returns "; did you mean ...", or a list of the names that exist.
  [[nodiscard]] static std::string hint(std::string_view name, config_origin const& where,
                                        std::string_view path, std::vector<std::string_view> const& names) {
    if (std::string_view const closest = detail::nearest_name(name, names); !closest.empty()) {
      return "; did you mean " + spelling(where, setting_path(path, closest), closest) + '?';
    }
    if (names.empty()) return "; it has no settings";
    std::string all;
    for (std::string_view const known : names) all.append(all.empty() ? "; known: " : ", ").append(known);
    return all;
  }

 private:
  struct part {
    void* object;
    detail::setting_type const* type;
  };
  /// The context that `append` of a container passes to `fill`.
  struct element {
    setting_reader& reader;
    config_value const& given;
    std::string const& path;
    setting const& row;
    detail::setting_type const& type;  ///< of the container
    std::string_view name;             ///< of a map's member
    config_origin const* where;        ///< of that name
  };
  /// Reports the problems that the `check` of an aggregate finds, each with the origin of its member.
  struct member_problems final : setting_problems {
    setting_reader& reader;
    config_value const& object;
    config_value const& given;
    std::string const& path;
    member_problems(setting_reader& to, config_value const& of, config_value const& as_given,
                    std::string const& at)
        : reader(to), object(of), given(as_given), path(at) {}
    void add(std::string_view member, std::string_view problem) override {
      config_value const* at = &object;
      config_origin where = given.origin();
      for (std::string_view rest = member; at != nullptr && !rest.empty();) {
        std::size_t const end = (std::min)(rest.find_first_of(".["), rest.size());
        at = at->structure().find(rest.substr(0, end));
        if (at != nullptr) where = at->origin();
        rest.remove_prefix((std::min)(end + 1, rest.size()));
      }
      reader.add(where, path + '.' + std::string{member}, detail::config::without_controls(problem));
    }
  };

  bool read_object(config_value const& given, std::string const& path, std::span<part const> parts) {
    std::size_t const before = problems_.size();
    config_value const* const from = object_of(given, path);
    if (from == nullptr) return false;
    std::vector<std::string_view> names;
    for (part const& one : parts) {
      for (detail::setting_member const& member : detail::members_of(one.object, *one.type)) {
        names.push_back(member.row.name);
        config_value const* const value = from->find(member.row.name);
        if (value == nullptr || value->is_null()) continue;
        (void)read_value(*value, setting_path(path, member.row.name), member.row, *member.type, member.value);
      }
    }
    refuse_unknown(*from, path, names);
    bool const all_read = problems_.size() == before;
    for (part const& one : parts) {
      if (!all_read || one.type->check == nullptr) continue;
      member_problems problems{*this, *from, given, path};
      (one.type->check)(one.object, problems);
    }
    return problems_.size() == before;
  }

  /// Returns false, with a problem reported, if the value cannot be read.
  bool read_value(config_value const& given, std::string const& path, setting const& s,
                  detail::setting_type const& type, void* into) {
    using of = detail::setting_kind;
    switch (type.kind) {
      case of::optional: {
        element here{*this, given, path, s, type, {}, nullptr};
        return type.append(into, &here, fill);
      }
      case of::object: return read_object(given, path, std::array{part{into, &type}});
      case of::map: return read_map(given, path, s, type, into);
      case of::list: return read_list(given, path, s, type, into);
      case of::string: {
        if (!given.is_text()) return refuse(given, path, s, type);
        if (s.not_empty && given.text().empty()) return refuse_empty(given, path);
        *static_cast<std::string*>(into) = given.text();
        return true;
      }
      case of::boolean:
      case of::integer:
      case of::number:
      case of::duration:
      case of::level:
      case of::name: break;
    }
    std::optional<detail::setting_scalar> const value =
        detail::scalar_of(detail::config::scalar_given(given), s, type);
    if (!value) return refuse(given, path, s, type);
    std::string problem = detail::scalar_problem(*value, s, type);
    if (!problem.empty()) {
      add(given.origin(), path, std::move(problem));
      return false;
    }
    type.store(into, *value);
    return true;
  }

  /// Reads the key, if there is one, and the element that a container adds.
  static bool fill(void* context, void* key, void* value) {
    auto const& here = *static_cast<element const*>(context);
    if (key != nullptr) {
      if (here.type.key->kind == detail::setting_kind::level) {
        int const found = here.type.key->parse_level(here.name);
        if (found < 0) {
          here.reader.add(*here.where, here.path,
                          "the name is invalid; expected " + detail::rule_of(here.row, *here.type.key));
          return false;
        }
        here.type.key->store(key, {static_cast<double>(found), found});
      } else {
        *static_cast<std::string*>(key) = here.name;
      }
    }
    return here.reader.read_value(here.given, here.path, here.row, *here.type.element, value);
  }

  bool read_map(config_value const& given, std::string const& path, setting const& s,
                detail::setting_type const& type, void* into) {
    config_value const* const from = object_of(given, path);
    if (from == nullptr) return false;
    type.clear(into);
    bool all_read = true;
    for (std::size_t i = 0; i < from->names().size(); ++i) {
      auto const& [name, where] = from->names()[i];
      if (from->items()[i].is_null()) continue;
      std::string const below = setting_path(path, name);
      element here{*this, from->items()[i], below, s, type, name, &where};
      all_read = type.append(into, &here, fill) && all_read;
    }
    return all_read;
  }

  bool read_list(config_value const& given, std::string const& path, setting const& s,
                 detail::setting_type const& type, void* into) {
    std::vector<config_value> split;
    config_value const& from = given.structure();
    if (!from.is_list()) {
      if (!given.is_text() || !given.origin().is_environment() || given.form() != nullptr)
        return refuse(given, path, s, type);
      for (std::string_view rest = given.text(); !rest.empty();) {
        std::size_t const comma = (std::min)(rest.find(','), rest.size());
        split.push_back(config_value::of_environment(
            std::string{detail::without_spaces_around(rest.substr(0, comma))}, given.origin()));
        rest.remove_prefix((std::min)(comma + 1, rest.size()));
      }
    }
    std::vector<config_value> const& items = from.is_list() ? from.items() : split;
    if (s.not_empty && items.empty()) return refuse_empty(given, path);
    type.clear(into);
    bool all_read = true;
    for (std::size_t i = 0; i < items.size(); ++i) {
      std::string const below = path + '[' + std::to_string(i) + ']';
      element here{*this, items[i], below, s, type, {}, nullptr};
      all_read = type.append(into, &here, fill) && all_read;
    }
    return all_read;
  }

  bool refuse(config_value const& given, std::string_view path, setting const& s,
              detail::setting_type const& type) {
    std::string const value = s.form == setting_form::secret ? "a secret"
                              : given.form() != nullptr      ? "no list in JSON (" + given.form()->error + ')'
                                                             : detail::config::shown(given);
    add(given.origin(), path, value + " is invalid; expected " + detail::rule_of(s, type));
    return false;
  }
  bool refuse_empty(config_value const& given, std::string_view path) {
    add(given.origin(), path, "must not be empty");
    return false;
  }

  static std::string kind_of(config_value const& v) noexcept {
    config_value::type const type = v.kind();
    if (type == config_value::type::text) return "a string";
    if (type == config_value::type::list) return "a list";
    if (type == config_value::type::boolean) return "a boolean";
    return type == config_value::type::object ? "an object" : "a number";
  }

  /// Spells a setting as its place requires: as a path in a file, as a variable in the environment.
  static std::string spelling(config_origin const& where, std::string_view path, std::string_view closest) {
    if (!where.is_environment()) return std::string{path};
    std::string variable{where.name()};
    std::size_t const last = variable.rfind("__");
    variable.erase(last == std::string::npos ? 0 : last + 2);
    for (char const c : closest) variable.push_back(detail::to_ascii_upper(c));
    return variable;
  }

  std::vector<settings_error::problem>& problems_;
};
}  // namespace detail

}  // namespace fapilog::inline v0_1
