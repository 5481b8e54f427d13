// SPDX-License-Identifier: MIT
// Adds the same fields to every record, such as a region or a team.
#pragma once

#include <fapilog/detail/settings/setting_check.hpp>
#include <fapilog/detail/text/utf8.hpp>
#include <fapilog/setting.hpp>
#include <fapilog/stages/enricher.hpp>
#include <fapilog/stages/enrichers/detail/prepared_texts.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::enrichers {

/// The part of the envelope that fields go to.
enum class field_target : std::uint8_t { data, diagnostics, context };

}  // namespace fapilog::inline v0_1::enrichers

template <>
struct fapilog::enum_names<fapilog::enrichers::field_target> {
  static constexpr std::array names{
      std::pair{enrichers::field_target::data, std::string_view{"data"}},
      std::pair{enrichers::field_target::diagnostics, std::string_view{"diagnostics"}},
      std::pair{enrichers::field_target::context, std::string_view{"context"}}};
};

namespace fapilog::inline v0_1::enrichers {

struct static_fields_config {
  /// The part of the envelope that the fields go to.
  field_target target = field_target::data;
  /// Keys and string values.
  std::map<std::string, std::string> fields = {};

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    visit(setting{.name = "target",
                  .text = "Part of the envelope that the fields go to: `data`, `diagnostics` or `context`."},
          self.target);
    visit(setting{.name = "fields", .text = "Keys and strings that every record gets."}, self.fields);
  }
};

/// The fields are defaults: a key that the record already has keeps its value. Throws: std::invalid_argument in the
/// constructor if a key is empty, not UTF-8, or set by the envelope itself; std::bad_alloc. Thread: the worker's.
class static_fields {
 public:
  explicit static_fields(static_fields_config const& config = {})
      : target_(config.target), added_(checked(config)) {}

  [[nodiscard]] static constexpr std::string_view name() noexcept { return "static_fields"; }

  void enrich(event& e) {
    if (added_.texts().empty()) return;
    member_list& list = list_of(e);
    detail::prepared_members const& all = added_.prepare(e);
    std::size_t missing = 0;
    for (std::size_t i = 0; i < all.count; ++i) missing += list.find(all.first[i].key) == nullptr ? 1U : 0U;
    if (missing == all.count) return list.set_prepared(all);
    for (std::size_t i = 0; i < all.count; ++i) {
      if (list.find(all.first[i].key) == nullptr) list.push_back(all.first[i]);
    }
  }

 private:
  [[nodiscard]] member_list& list_of(event& e) const noexcept {
    switch (target_) {
      case field_target::diagnostics: return e.diagnostics;
      case field_target::context: return e.context;
      case field_target::data: break;
    }
    return e.data;
  }

  static std::vector<std::pair<std::string, std::string>> checked(static_fields_config const& config) {
    auto const refuse = [](std::string_view key, std::string_view rule) {
      detail::refuse_setting(name(), "fields", std::string{"the key '"}.append(key).append("'"), rule);
    };
    for (auto const& [key, text] : config.fields) {
      if (key.empty()) refuse(key, "keys that are not empty");
      if (!detail::is_utf8(key)) refuse("?", "keys in UTF-8");
      bool const is_set_by_envelope =
          (config.target == field_target::context && (key == "message_id" || key == "correlation_id")) ||
          (config.target == field_target::diagnostics && (key == "origin" || key == "exception"));
      if (is_set_by_envelope) refuse(key, "keys that the envelope does not set itself");
    }
    return {config.fields.begin(), config.fields.end()};
  }

  field_target target_;
  detail::prepared_texts added_;
};

}  // namespace fapilog::inline v0_1::enrichers
