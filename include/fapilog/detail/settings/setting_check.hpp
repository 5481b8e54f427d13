// SPDX-License-Identifier: MIT
// Validates an aggregate that was filled in code against its declaration, as text is validated.
#pragma once

#include <fapilog/detail/settings/setting_type.hpp>
#include <fapilog/detail/settings/setting_value.hpp>
#include <fapilog/setting.hpp>

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1 {
namespace detail {

/// Collects what is wrong with settings in code, such as `core.batch_max_size: 0 is out of range (1 to 1000000)`.
class setting_check {
 public:
  /// Checks a value and everything that it contains.
  [[gnu::cold]] void value(std::string const& path, setting const& s, setting_type const& type,
                           void const* value) {
    switch (type.kind) {
      case setting_kind::object: return object(path, value, type);
      case setting_kind::string:
        if (s.not_empty && static_cast<std::string const*>(value)->empty()) add(path, "must not be empty");
        return;
      case setting_kind::optional:
      case setting_kind::list:
      case setting_kind::map: break;
      case setting_kind::boolean:
      case setting_kind::integer:
      case setting_kind::number:
      case setting_kind::duration:
      case setting_kind::level:
      case setting_kind::name: {
        std::string problem = scalar_problem(type.load(value), s, type);
        if (!problem.empty()) add(path, problem);
        return;
      }
    }
    elements all{*this, path, s, type};
    type.each(value, &all, [](void* context, void const* key, void const* element) {
      static_cast<elements*>(context)->add(key, element);
    });
    if (s.not_empty && all.count == 0 && type.kind == setting_kind::list) add(path, "must not be empty");
  }
  /// Checks the members of an aggregate, then, if they are valid, its rules across members.
  [[gnu::cold]] void object(std::string const& path, void const* value, setting_type const& type) {
    std::size_t const before = text_.size();
    for (setting_member const& member : members_of(value, type)) {
      this->value(below(path, member.row.name), member.row, *member.type, member.value);
    }
    if (type.check == nullptr || text_.size() != before) return;
    member_problems here{*this, path};
    (type.check)(value, here);
  }

  [[gnu::cold]] void add(std::string_view path, std::string_view problem) {
    if (!text_.empty()) text_ += '\n';
    text_.append("fapilog: ").append(path).append(": ").append(problem);
  }

  /// Throws: std::invalid_argument with a line for each problem, if there are any.
  [[gnu::cold]] void finish() const {
    if (!text_.empty()) throw std::invalid_argument{text_};
  }

  [[nodiscard, gnu::cold]] static std::string below(std::string_view path, std::string_view name) {
    std::string all{path};
    if (!all.empty()) all += '.';
    return all.append(name);
  }

 private:
  struct elements {
    setting_check& check;
    std::string const& path;
    setting const& row;
    setting_type const& type;
    std::size_t count = 0;

    void add(void const* key, void const* element) {
      std::string at = path;
      if (type.kind == setting_kind::list) at += '[' + std::to_string(count) + ']';
      else if (key != nullptr) at = below(path, key_text(key));
      ++count;
      if (key != nullptr && type.key->kind == setting_kind::level)
        check.value(at, {.name = row.name, .text = {}}, *type.key, key);
      check.value(at, row, *type.element, element);
    }
    [[nodiscard]] std::string key_text(void const* key) const {
      if (type.key->kind == setting_kind::string) return *static_cast<std::string const*>(key);
      return std::to_string(type.key->load(key).whole);
    }
  };
  struct member_problems final : setting_problems {
    setting_check& check;
    std::string const& path;
    member_problems(setting_check& to, std::string const& at) : check{to}, path(at) {}
    void add(std::string_view member, std::string_view problem) override {
      check.add(below(path, member), problem);
    }
  };

  std::string text_;
};

/// Throws: std::invalid_argument, in the form of all errors of settings.
[[noreturn, gnu::cold]] inline void refuse_setting(std::string_view owner, std::string_view name,
                                                   std::string_view value, std::string_view rule) {
  setting_check all;
  all.add(setting_check::below(owner, name),
          std::string{value}.append(" is invalid; expected ").append(rule));
  all.finish();
  throw std::invalid_argument{"fapilog"};  // not reached
}

}  // namespace detail

/// Validates an aggregate against its declaration: bounds, names of enumerations, and rules across members. `owner` is
/// the plugin's name and begins each line of the message: `rate_limit.capacity: 0 is out of range (1 or more)`.
/// Throws: std::invalid_argument with everything that is wrong; std::bad_alloc.
template <detail::described Config>
[[gnu::cold]] void check_settings(std::string_view owner, Config const& config) {
  detail::setting_check all;
  all.object(std::string{owner}, &config, detail::setting_type_of<Config>);
  all.finish();
}

}  // namespace fapilog::inline v0_1
