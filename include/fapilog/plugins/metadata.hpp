// SPDX-License-Identifier: MIT
// The metadata of a plugin, and whether it is compatible with this version of the library.
#pragma once

#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/version.hpp>

#include <array>
#include <charconv>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1 {
namespace detail::metadata {

inline constexpr std::string_view digits = "0123456789";
inline constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
inline constexpr std::string_view name_characters =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_";
inline constexpr std::string_view identifier_characters =
    name_characters.substr(0, name_characters.size() - 1);

/// True for one or more of these characters and no others.
constexpr bool consists_of(std::string_view text, std::string_view characters) noexcept {
  return !text.empty() && text.find_first_not_of(characters) == std::string_view::npos;
}

/// Throws std::invalid_argument with the member, its value and its rule. The value may come from a file, so it is
/// truncated and made printable.
[[noreturn]] inline void refuse(std::string_view field, std::string_view value, std::string_view rule) {
  constexpr std::size_t shown = 80;
  std::string text{"fapilog: plugin metadata: "};
  text.append(field).append(" is \"");
  for (char const c : value.substr(0, shown)) text.push_back(c < ' ' || c > '~' ? '?' : c);
  text.append(value.size() > shown ? "...\", but must " : "\", but must ").append(rule);
  throw std::invalid_argument(text);
}

/// Removes and returns the part before the next dot.
constexpr std::string_view take_part(std::string_view& text) noexcept {
  std::string_view const part = text.substr(0, text.find('.'));
  text.remove_prefix(part.size() < text.size() ? part.size() + 1 : part.size());
  return part;
}

/// True for dot-separated identifiers of letters, digits and hyphens. Numbers of a pre-release have no leading zeros.
constexpr bool are_identifiers(std::string_view text, bool pre_release) noexcept {
  if (text.empty() || text.back() == '.') return false;
  while (!text.empty()) {
    std::string_view const part = take_part(text);
    if (!consists_of(part, identifier_characters)) return false;
    if (pre_release && part.size() > 1 && part[0] == '0' && consists_of(part, digits)) return false;
  }
  return true;
}

/// A number without sign and leading zeros, or false.
template <class Number>
bool read_number(std::string_view text, Number& value) noexcept {
  if (!consists_of(text, digits) || (text.size() > 1 && text[0] == '0')) return false;
  return std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc{};
}

}  // namespace detail::metadata

/// A version by the rules of semver.org 2.0.0. Build metadata ("+linux") is checked and discarded, because it has no
/// effect on the order. A pre-release precedes its release: 1.0.0-alpha < 1.0.0-alpha.1 < 1.0.0-beta.2 < 1.0.0-beta.11
/// < 1.0.0.
struct semantic_version {
  std::uint64_t major = 0;
  std::uint64_t minor = 0;
  std::uint64_t patch = 0;
  std::string pre_release{};  ///< "rc.1", or empty for a release

  /// Throws: std::invalid_argument, in which the version is called `field`.
  [[nodiscard]] static semantic_version parse(std::string_view text, std::string_view field = "version") {
    semantic_version result;
    std::string_view rest = text;
    bool valid = true;
    if (std::size_t const plus = rest.find('+'); plus != std::string_view::npos) {
      valid = detail::metadata::are_identifiers(rest.substr(plus + 1), false);
      rest = rest.substr(0, plus);
    }
    if (std::size_t const hyphen = rest.find('-'); hyphen != std::string_view::npos) {
      result.pre_release = rest.substr(hyphen + 1);
      valid = valid && detail::metadata::are_identifiers(result.pre_release, true);
      rest = rest.substr(0, hyphen);
    }
    valid = valid && !rest.empty() && rest.back() != '.';
    for (std::uint64_t* const number : {&result.major, &result.minor, &result.patch}) {
      valid = valid && detail::metadata::read_number(detail::metadata::take_part(rest), *number);
    }
    if (valid && rest.empty()) return result;
    detail::metadata::refuse(field, text,
                             "be major.minor.patch without leading zeros, as in \"1.0.0\" or \"1.0.0-rc.1\"");
  }

  /// Formats the version, without build metadata.
  [[nodiscard]] std::string text() const {
    std::string result = std::to_string(major) + '.' + std::to_string(minor) + '.' + std::to_string(patch);
    return pre_release.empty() ? result : result + '-' + pre_release;
  }

  friend bool operator==(semantic_version const&, semantic_version const&) = default;
  friend std::strong_ordering operator<=>(semantic_version const& a, semantic_version const& b) noexcept {
    if (auto const order = a.major <=> b.major; std::is_neq(order)) return order;
    if (auto const order = a.minor <=> b.minor; std::is_neq(order)) return order;
    if (auto const order = a.patch <=> b.patch; std::is_neq(order)) return order;
    std::string_view left = a.pre_release;
    std::string_view right = b.pre_release;
    if (left.empty() || right.empty()) return left.empty() <=> right.empty();
    while (!left.empty() && !right.empty()) {
      std::string_view const x = detail::metadata::take_part(left);
      std::string_view const y = detail::metadata::take_part(right);
      bool const numeric = detail::metadata::consists_of(x, detail::metadata::digits);
      bool const other = detail::metadata::consists_of(y, detail::metadata::digits);
      if (numeric != other) return other <=> numeric;
      if (numeric && x.size() != y.size()) return x.size() <=> y.size();
      if (auto const order = x.compare(y) <=> 0; std::is_neq(order)) return order;
    }
    return right.empty() <=> left.empty();
  }
};

namespace detail {
/// The version of this library, from version.hpp.
[[nodiscard]] inline semantic_version library_version() {
  return {FAPILOG_VERSION_MAJOR, FAPILOG_VERSION_MINOR, FAPILOG_VERSION_PATCH};
}

/// The version of the contracts between the library and its plugins. A new minor number adds to them; a new major
/// number breaks them.
struct plugin_api {
  std::uint32_t major = 0;
  std::uint32_t minor = 0;

  /// Throws: std::invalid_argument for anything but "major.minor".
  [[nodiscard]] static plugin_api parse(std::string_view text) {
    plugin_api result;
    std::size_t const dot = text.find('.');
    if (dot == std::string_view::npos || !detail::metadata::read_number(text.substr(0, dot), result.major) ||
        !detail::metadata::read_number(text.substr(dot + 1), result.minor)) {
      detail::metadata::refuse("api_version", text, "be \"major.minor\", such as \"1.0\"");
    }
    return result;
  }
  [[nodiscard]] std::string text() const { return std::to_string(major) + '.' + std::to_string(minor); }
  friend bool operator==(plugin_api const&, plugin_api const&) = default;
};
}  // namespace detail

/// The version that this library offers.
inline constexpr detail::plugin_api plugin_api_version{1, 0};

enum class plugin_type : std::uint8_t { sink, enricher, redactor, processor, filter };

namespace detail {
/// The names of `plugin_type`, by its numbers.
inline constexpr std::array<std::string_view, 5> plugin_type_names{"sink", "enricher", "redactor",
                                                                   "processor", "filter"};
}  // namespace detail

/// Returns the name of a type, or an empty view for a value that is not a plugin type. Throws: never.
[[nodiscard]] constexpr std::string_view to_string(plugin_type type) noexcept {
  auto const index = static_cast<std::size_t>(type);
  return index < detail::plugin_type_names.size() ? detail::plugin_type_names[index] : std::string_view{};
}

namespace detail {
/// Parses "sink" and the other kinds, in lower case. Throws: std::invalid_argument that lists the valid ones.
[[nodiscard]] inline plugin_type parse_plugin_type(std::string_view text) {
  std::string rule{"be one of"};
  for (std::size_t i = 0; i < detail::plugin_type_names.size(); ++i) {
    if (detail::plugin_type_names[i] == text) return static_cast<plugin_type>(i);
    rule.append(i == 0 ? " " : ", ").append(detail::plugin_type_names[i]);
  }
  detail::metadata::refuse("plugin_type", text, rule);
}
}  // namespace detail

/// Optional metadata of a plugin; each member has a default.
struct plugin_details {
  /// The versions of fapilog that the plugin works with, both ends included.
  struct version_range {
    std::string min_fapilog_version = "0.1.0";
    std::optional<std::string> max_fapilog_version{};  ///< none: no maximum
  };

  std::string description{};
  std::string author{};
  std::string author_email{};
  std::string homepage{};
  std::string repository{};
  std::string license = "MIT";
  version_range compatibility{};
  std::vector<std::string> dependencies{};  ///< what it needs besides fapilog; informational
  std::string api_version = plugin_api_version.text();
  std::vector<std::string> tags{};
};

/// Metadata of a plugin. `create_plugin_metadata` makes valid metadata; `validate` checks metadata that was filled in
/// by hand.
struct plugin_metadata : plugin_details {
  std::string name{};     ///< begins with a letter; letters, digits, '-' and '_'
  std::string version{};  ///< the plugin's own, a semantic version
  plugin_type type = plugin_type::sink;
  std::string entry_point{};  ///< what makes the plugin: the qualified name of its type or of a function
};

namespace detail {
/// The name that identifies a plugin: '-' becomes '_', upper case becomes lower case. Throws: std::bad_alloc.
[[nodiscard]] inline std::string normalised_name(std::string_view name) {
  std::string result{name};
  for (char& c : result) c = c == '-' ? '_' : detail::to_ascii_lower(c);
  return result;
}
}  // namespace detail

/// Throws: std::invalid_argument for the first member that is wrong; it names the member, its value and the rule.
inline void validate(plugin_metadata const& plugin) {
  bool const valid_name = detail::metadata::consists_of(plugin.name, detail::metadata::name_characters) &&
                          detail::metadata::consists_of(plugin.name.substr(0, 1), detail::metadata::letters);
  if (!valid_name) {
    detail::metadata::refuse("name", plugin.name,
                             "begin with a letter and have only letters, digits, '-' and '_'");
  }
  static_cast<void>(semantic_version::parse(plugin.version));
  if (to_string(plugin.type).empty()) {
    static_cast<void>(detail::parse_plugin_type(std::to_string(static_cast<unsigned>(plugin.type))));
  }
  if (plugin.entry_point.empty()) {
    detail::metadata::refuse("entry_point", "", "name the type or the function that makes the plugin");
  }
  auto const& [min_version, max_version] = plugin.compatibility;
  auto const min = semantic_version::parse(min_version, "min_fapilog_version");
  if (max_version && min > semantic_version::parse(*max_version, "max_fapilog_version")) {
    detail::metadata::refuse("min_fapilog_version", min_version,
                             "not be above max_fapilog_version \"" + *max_version + '"');
  }
  static_cast<void>(detail::plugin_api::parse(plugin.api_version));
}

/// Creates valid metadata. `details` has the members with defaults, as in
/// `create_plugin_metadata("kafka", "1.2.0", plugin_type::sink, "acme::kafka_sink", {.author = "Acme"})`.
/// Throws: std::invalid_argument as `validate` does.
[[nodiscard]] inline plugin_metadata create_plugin_metadata(std::string_view name,
                                                            std::string_view plugin_version, plugin_type type,
                                                            std::string_view entry_point,
                                                            plugin_details details = {}) {
  plugin_metadata plugin{std::move(details), std::string{name}, std::string{plugin_version}, type,
                         std::string{entry_point}};
  validate(plugin);
  return plugin;
}

/// The same with the type as a string, for metadata read from a file.
[[nodiscard]] inline plugin_metadata create_plugin_metadata(std::string_view name,
                                                            std::string_view plugin_version,
                                                            std::string_view type,
                                                            std::string_view entry_point,
                                                            plugin_details details = {}) {
  return create_plugin_metadata(name, plugin_version, detail::parse_plugin_type(type), entry_point,
                                std::move(details));
}

namespace detail {
/// The result of `is_compatible`; `reason` says why not, and is empty if it is compatible.
struct [[nodiscard]] compatibility_result {
  bool compatible = true;
  std::string reason{};
  explicit operator bool() const noexcept { return compatible; }
};
}  // namespace detail

/// Checks if the plugin works with this version of the library: min <= library <= max, and its api_version has the
/// major number of `plugin_api_version` and no greater minor one. Metadata that is not valid is not compatible.
/// Throws: std::bad_alloc only.
inline detail::compatibility_result is_compatible(
    plugin_metadata const& plugin, semantic_version const& library = detail::library_version()) {
  try {
    validate(plugin);
  } catch (std::invalid_argument const& error) {
    return {false, error.what()};
  }
  auto const no = [&plugin](std::string const& why) {
    return detail::compatibility_result{false, plugin.name + ' ' + why};
  };
  auto const& [min_version, max_version] = plugin.compatibility;
  if (library < semantic_version::parse(min_version)) {
    return no("needs fapilog " + min_version + " or newer; this is " + library.text());
  }
  if (max_version && library > semantic_version::parse(*max_version)) {
    return no("works up to fapilog " + *max_version + "; this is " + library.text());
  }
  auto const api = detail::plugin_api::parse(plugin.api_version);
  if (api.major != plugin_api_version.major || api.minor > plugin_api_version.minor) {
    return no("was made for plugin API " + api.text() + "; this fapilog offers " + plugin_api_version.text());
  }
  return {};
}

}  // namespace fapilog::inline v0_1
