// SPDX-License-Identifier: MIT
// Groups the entries of a request by the process that they come from (resource) and by their logger (scope).
#pragma once

#include <fapilog/record/batch.hpp>
#include <fapilog/record/event.hpp>
#include <fapilog/record/value.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail::otlp {

/// What the enricher `runtime_info` adds to `diagnostics`, and its name in OpenTelemetry's semantic conventions.
struct resource_name {
  std::string_view key;
  std::string_view attribute;
};
inline constexpr std::array<resource_name, 5> resource_names{{
    {"service", "service.name"},
    {"version", "service.version"},
    {"env", "deployment.environment.name"},
    {"host", "host.name"},
    {"pid", "process.pid"},
}};

[[nodiscard]] inline bool is_resource_member(std::string_view key) noexcept {
  for (resource_name const& name : resource_names) {
    if (name.key == key) return true;
  }
  return false;
}

/// The members of `resource_names` in one record; their type is null where the record has none.
using resource_values = std::array<value, resource_names.size()>;

[[nodiscard]] inline resource_values resource_of(event const& e) noexcept {
  resource_values values{};
  for (member const& m : e.diagnostics) {
    for (std::size_t i = 0; i < resource_names.size(); ++i) {
      if (m.key == resource_names[i].key) values[i] = m.value;
    }
  }
  return values;
}

/// True if both come from the same process. The values are strings or integers.
[[nodiscard]] inline bool is_same_resource(resource_values const& a, resource_values const& b) noexcept {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].type != b[i].type) return false;
    if (a[i].type == kind::string ? a[i].as_string() != b[i].as_string() : a[i].u64 != b[i].u64) return false;
  }
  return true;
}

/// The attributes of every resource: from settings, environment variables and about the library.
class resource_attributes {
 public:
  /// Sets an attribute that has precedence over what a record contains.
  void set(std::string_view key, std::string_view text) {
    for (auto& [name, content] : all_) {
      if (name != key) continue;
      content = text;
      return;
    }
    all_.emplace_back(key, text);
  }
  [[nodiscard]] bool contains(std::string_view key) const noexcept {
    for (auto const& [name, content] : all_) {
      if (name == key) return true;
    }
    return false;
  }
  /// Calls `add(key, value)` for each attribute of a resource, each key once.
  template <class Add>
  void for_each(resource_values const& of_record, Add const& add) const {
    for (auto const& [key, text] : all_) add(std::string_view{key}, value::of_string(text));
    for (std::size_t i = 0; i < of_record.size(); ++i) {
      if (of_record[i].type != kind::null && !contains(resource_names[i].attribute))
        add(resource_names[i].attribute, of_record[i]);
    }
  }

 private:
  std::vector<std::pair<std::string, std::string>> all_;
};

struct log_group {
  resource_values from;
  std::uint32_t first_scope = 0;
  std::uint32_t last_scope = 0;
};

struct log_scope {
  std::string_view name;
  std::uint32_t group = 0;
  std::uint32_t first = 0;
  std::uint32_t last = 0;
};

/// The groups of a batch, which it refers to. Within a scope, records keep their order. Throws: std::bad_alloc.
class log_groups {
 public:
  explicit log_groups(batch const& entries) : entries_(&entries), next_(entries.size(), none) {
    for (std::uint32_t i = 0; i < entries.size(); ++i) add(i);
    sort_scopes();
  }

  [[nodiscard]] std::vector<log_group> const& all() const noexcept { return groups_; }
  [[nodiscard]] std::span<log_scope const> scopes_of(log_group const& group) const noexcept {
    return std::span{scopes_}.subspan(group.first_scope, group.last_scope - group.first_scope);
  }
  template <class Use>
  void for_each(log_scope const& scope, Use const& use) const {
    for (std::uint32_t i = scope.first; i != none; i = next_[i]) use((*entries_)[i].event);
  }

 private:
  static constexpr std::uint32_t none = 0xFFFFFFFF;

  void add(std::uint32_t index) {
    event const& e = (*entries_)[index].event;
    std::uint32_t const group = group_of(resource_of(e));
    for (log_scope& scope : scopes_) {
      if (scope.group != group || scope.name != e.logger) continue;
      next_[scope.last] = index;
      scope.last = index;
      return;
    }
    scopes_.push_back({e.logger, group, index, index});
  }

  std::uint32_t group_of(resource_values const& values) {
    for (std::size_t i = groups_.size(); i-- > 0;) {
      if (is_same_resource(groups_[i].from, values)) return static_cast<std::uint32_t>(i);
    }
    groups_.push_back({values});
    return static_cast<std::uint32_t>(groups_.size() - 1);
  }

  /// Puts the scopes of each group next to each other.
  void sort_scopes() {
    std::vector<log_scope> sorted;
    sorted.reserve(scopes_.size());
    for (std::uint32_t g = 0; g < groups_.size(); ++g) {
      groups_[g].first_scope = static_cast<std::uint32_t>(sorted.size());
      for (log_scope const& scope : scopes_) {
        if (scope.group == g) sorted.push_back(scope);
      }
      groups_[g].last_scope = static_cast<std::uint32_t>(sorted.size());
    }
    scopes_ = std::move(sorted);
  }

  batch const* entries_;
  std::vector<std::uint32_t> next_;  ///< the next entry of the same scope
  std::vector<log_group> groups_;
  std::vector<log_scope> scopes_;
};

}  // namespace fapilog::inline v0_1::detail::otlp
