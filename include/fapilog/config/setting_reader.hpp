// SPDX-License-Identifier: MIT
// Fills aggregates that describe themselves from configuration by text, and collects everything that is wrong with it.
#pragma once

#include <fapilog/config/config_value.hpp>
#include <fapilog/config/nearest_name.hpp>
#include <fapilog/config/setting_kind.hpp>
#include <fapilog/config/setting_scalar.hpp>
#include <fapilog/config/setting_text.hpp>
#include <fapilog/config/settings_error.hpp>
#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/record/level.hpp>
#include <fapilog/setting.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1 {

/// `core` and `log_level` make `core.log_level`.
[[nodiscard]] inline std::string setting_path(std::string_view above, std::string_view name) {
  std::string path{above};
  if (!path.empty()) path += '.';
  return path + detail::config::printable(name);
}

/// Reads trees into aggregates. A member that is not given, or is null, keeps its value; a member that is wrong, too, and
/// is told of. In a text from the environment booleans may be yes, no, on, off, 1 or 0, lists have commas between their
/// elements or are JSON, and objects are JSON. Thread: one. Throws: std::bad_alloc.
class setting_reader {
 public:
  explicit setting_reader(std::vector<settings_problem>& problems) : problems_(problems) {}

  /// Reads an object into all parts; a name that none of them knows is a problem.
  template <described... Parts>
  void read(config_value const& given, std::string_view path, Parts&... parts) {
    config_value const* const from = object_of(given, path);
    if (from == nullptr) return;
    std::vector<std::string_view> names;
    (read_part(*from, path, parts, names), ...);
    refuse_unknown(*from, path, names);
  }

  /// The object itself, or null with a problem where it is none. Null is an empty object.
  [[nodiscard]] config_value const* object_of(config_value const& given, std::string_view path) {
    static config_value const nothing = config_value::object();
    if (given.is_null()) return &nothing;
    config_value const& from = given.structure();
    if (from.is_object()) return &from;
    std::string const why = given.form() != nullptr ? " (" + given.form()->error + ')' : "";
    // What stands here in place of an object may be anything, a secret, too.
    add(given.origin(), path, mark(path) + " is " + kind_of(given) + why + "; it must be an object");
    return nullptr;
  }

  /// Says of each member that is not in `names` that there is no such setting, and which is near.
  void refuse_unknown(config_value const& from, std::string_view path,
                      std::vector<std::string_view> const& names) {
    for (auto const& [name, where] : from.names()) {
      if (problems_.size() >= most_settings_problems) return;
      if (std::ranges::find(names, std::string_view{name}) != names.end()) continue;
      add(where, setting_path(path, name),
          "there is no setting " + mark(setting_path(path, name)) + hint(name, where, path, names));
    }
  }

  void add(config_origin const& where, std::string_view path, std::string text) {
    if (problems_.size() < most_settings_problems) {
      problems_.push_back({where.text(), std::string{path}, std::move(text)});
    }
  }

  /// A path as it stands in messages.
  [[nodiscard]] static std::string mark(std::string_view path) { return '`' + std::string{path} + '`'; }

  /// "; did you mean ..." or the names that there are.
  [[nodiscard]] static std::string hint(std::string_view name, config_origin const& where,
                                        std::string_view path, std::vector<std::string_view> const& names) {
    if (std::string_view const near = detail::nearest_name(name, names); !near.empty()) {
      return "; did you mean " + spelling(where, setting_path(path, near), near) + '?';
    }
    if (names.empty()) return "; it has none";
    std::string all;
    for (std::string_view const known : names) all.append(all.empty() ? "; there are " : ", ").append(known);
    return all;
  }

 private:
  template <class T>
  void read_part(config_value const& from, std::string_view path, T& part,
                 std::vector<std::string_view>& names) {
    T::describe(part, [&](setting const& s, auto& member) {
      names.push_back(s.name);
      config_value const* const given = from.find(s.name);
      if (given == nullptr || given->is_null()) return;
      (void)read_value(*given, setting_path(path, s.name), s, member);
    });
  }

  /// Each `read_value` says whether it could; a problem is told of where it could not.
  template <class T>
  bool read_value(config_value const& given, std::string const& path, setting const& s, T& into) {
    if constexpr (detail::is_optional<T>) {
      typename T::value_type value{};
      if (!read_value(given, path, s, value)) return false;
      into = std::move(value);
      return true;
    } else if constexpr (described<T>) {
      std::size_t const before = problems_.size();
      read(given, path, into);
      return problems_.size() == before;
    } else if constexpr (std::same_as<T, level_set>) {
      level_set levels;
      bool const all_read =
          each_element(given, path, s, rule<T>(s), [&](config_value const& one, std::string const& where) {
            level value{};
            if (!read_value(one, where, s, value)) return false;
            levels.insert(value);
            return true;
          });
      if (all_read) into = levels;
      return all_read;
    } else if constexpr (detail::map_like<T>) {
      return read_map(given, path, s, into);
    } else if constexpr (detail::list_like<T>) {
      T all;
      bool const all_read =
          each_element(given, path, s, rule<T>(s), [&](config_value const& one, std::string const& where) {
            typename T::value_type value{};
            if (!read_value(one, where, s, value)) return false;
            all.insert(all.end(), std::move(value));
            return true;
          });
      if (all_read) into = std::move(all);
      return all_read;
    } else {
      return read_scalar(given, path, s, into);
    }
  }

  template <class T>
  bool read_map(config_value const& given, std::string const& path, setting const& s, T& into) {
    config_value const* const from = object_of(given, path);
    if (from == nullptr) return false;
    T all;
    bool all_read = true;
    for (std::size_t i = 0; i < from->names().size(); ++i) {
      auto const& [name, where] = from->names()[i];
      if (from->items()[i].is_null()) continue;
      std::string const below = setting_path(path, name);
      typename detail::map_types<T>::key key{};
      typename detail::map_types<T>::mapped value{};
      if constexpr (std::same_as<decltype(key), level>) {
        if (auto const parsed = parse_level(name)) {
          key = parsed.value;
        } else {
          add(where, below, "the name " + mark(below) + " must end with " + std::string{detail::level_rule});
          all_read = false;
        }
      } else {
        key = name;
      }
      if (read_value(from->items()[i], below, s, value))
        all.insert(all.end(), {std::move(key), std::move(value)});
      else all_read = false;
    }
    if (all_read) into = std::move(all);
    return all_read;
  }

  template <class Each>
  bool each_element(config_value const& given, std::string const& path, setting const& s,
                    std::string const& rule_text, Each&& each) {
    bool all_read = true;
    auto const element = [&](config_value const& one, std::size_t i) {
      if (!each(one, path + '[' + std::to_string(i) + ']')) all_read = false;
    };
    config_value const& from = given.structure();
    if (from.is_list()) {
      for (std::size_t i = 0; i < from.items().size(); ++i) element(from.items()[i], i);
      return all_read;
    }
    if (!given.is_text() || !given.origin().is_environment() || given.form() != nullptr) {
      return refuse(given, path, s, rule_text);
    }
    std::string_view rest = given.text();
    for (std::size_t i = 0; !rest.empty(); ++i) {
      std::size_t const comma = std::min(rest.find(','), rest.size());
      element(config_value::of_environment(std::string{detail::without_spaces_around(rest.substr(0, comma))},
                                           given.origin()),
              i);
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
    return all_read;
  }

  template <class T>
  bool read_scalar(config_value const& given, std::string const& path, setting const& s, T& into) {
    if constexpr (std::same_as<T, std::string>) {
      if (!given.is_text()) return refuse(given, path, s, rule<T>(s));
      into = given.text();
      return true;
    } else {
      std::optional<T> const value = detail::scalar_of<T>(given, s);
      if (value) into = *value;
      if (value) return true;
      bool beyond = false;
      if constexpr (detail::whole_number<T>) beyond = detail::is_beyond_type<T>(given);
      return refuse(given, path, s, rule<T>(s, beyond));
    }
  }

  template <class T>
  static std::string rule(setting const& s, bool with_bounds_of_type = false) {
    return detail::rule_of<T>(s, with_bounds_of_type);
  }

  bool refuse(config_value const& given, std::string_view path, setting const& s,
              std::string const& rule_text) {
    std::string const value = s.form == setting_form::secret ? "a secret that does not fit"
                              : given.form() != nullptr      ? "no list in JSON (" + given.form()->error + ')'
                                                             : detail::config::shown(given);
    add(given.origin(), path, mark(path) + " is " + value + "; it must be " + rule_text);
    return false;
  }

  static std::string kind_of(config_value const& v) noexcept {
    switch (v.what()) {
      case config_value::type::text: return "a text";
      case config_value::type::list: return "a list";
      case config_value::type::boolean: return "true or false";
      case config_value::type::object: return "an object";
      default: return "a number";
    }
  }

  /// A setting as somebody would write it who wrote where this stands.
  static std::string spelling(config_origin const& where, std::string_view path, std::string_view near) {
    if (!where.is_environment()) return mark(path);
    std::string variable{where.name()};
    std::size_t const last = variable.rfind("__");
    variable.erase(last == std::string::npos ? 0 : last + 2);
    for (char const c : near) variable.push_back(detail::to_ascii_upper(c));
    return variable;
  }

  std::vector<settings_problem>& problems_;
};

}  // namespace fapilog::inline v0_1
