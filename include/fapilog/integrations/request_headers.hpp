// SPDX-License-Identifier: MIT
// Finds the headers that a request_start has, in one pass over all headers of a request.
#pragma once

#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/integrations/request.hpp>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace fapilog::inline v0_1::detail {

/// For the adapters of servers. The strings that are added must outlive the object. Thread: one.
class request_headers {
 public:
  /// Case does not matter in a name. A header that occurs several times is one list. Throws: std::bad_alloc.
  void add(std::string_view name, std::string_view value) {
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (!equals_ignoring_case(name, wanted[i].name)) continue;
      if (values_[i].empty()) {
        values_[i] = value;
      } else {
        lists_[i] = std::string{values_[i]}.append(",").append(value);
        values_[i] = lists_[i];
      }
      return;
    }
  }
  /// `start` has views that are valid as long as this object.
  void give_to(integrations::request_start& start) const noexcept {
    for (std::size_t i = 0; i < wanted.size(); ++i) start.*wanted[i].member = values_[i];
  }

 private:
  struct header {
    std::string_view name;
    std::string_view integrations::request_start::*member;
  };
  static constexpr std::array<header, 7> wanted{
      {{"x-request-id", &integrations::request_start::request_id},
       {"traceparent", &integrations::request_start::traceparent},
       {"tracestate", &integrations::request_start::tracestate},
       {"x-forwarded-for", &integrations::request_start::x_forwarded_for},
       {"forwarded", &integrations::request_start::forwarded},
       {"user-agent", &integrations::request_start::user_agent},
       {"x-log-level", &integrations::request_start::log_level}}};

  std::array<std::string_view, wanted.size()> values_{};
  std::array<std::string, wanted.size()> lists_{};  ///< of headers that occur several times
};

}  // namespace fapilog::inline v0_1::detail
