// SPDX-License-Identifier: MIT
// Configuration of syslog messages, for all transports.
#pragma once

#include <fapilog/setting.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace fapilog::inline v0_1 {
namespace sinks {

/// The facilities of RFC 5424, which receivers route by.
enum class syslog_facility : std::uint8_t {
  kern,
  user,
  mail,
  daemon,
  auth,
  syslog,
  lpr,
  news,
  uucp,
  cron,
  authpriv,
  ftp,
  ntp,
  audit,
  alert,
  clock,
  local0,
  local1,
  local2,
  local3,
  local4,
  local5,
  local6,
  local7,
};

enum class syslog_format : std::uint8_t {
  rfc5424,
  rfc3164,  ///< for old receivers: local time without year and zone, fields behind the message
};

/// What a syslog message contains besides the record.
struct syslog_message {
  syslog_format format = syslog_format::rfc5424;
  syslog_facility facility = syslog_facility::user;
  /// HOSTNAME. Empty: the name of this machine.
  std::string hostname = {};
  /// APP-NAME, or the tag of RFC 3164. Empty: the name of the program.
  std::string app_name = {};
  /// SD-ID of the element that has the fields; the number is the private enterprise number of your organisation. 32473 is
  /// reserved for documentation. Empty: fields are left out.
  std::string sd_id = "fapilog@32473";
  /// Begins a message that is not ASCII with the byte order mark that RFC 5424 requires.
  bool utf8_bom = true;
  /// Longer messages are cut and marked. 0: 2048 for UDP, 8192 for others; 1024 for RFC 3164.
  std::uint32_t max_bytes = 0;

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    // clang-format off
    visit(setting{.name = "format", .text = "`rfc5424`, or `rfc3164` for old receivers."}, self.format);
    visit(setting{.name = "facility", .text = "Facility, by which receivers route."}, self.facility);
    visit(setting{.name = "hostname", .text = "HOSTNAME; empty: the name of this machine."}, self.hostname);
    visit(setting{.name = "app_name", .text = "APP-NAME, or the tag of RFC 3164; empty: the name of the program."}, self.app_name);
    visit(setting{.name = "sd_id", .text = "SD-ID of the fields, `name@enterprise-number`; empty: fields are left out."}, self.sd_id);
    visit(setting{.name = "utf8_bom", .text = "Begins a message that is not ASCII with a byte order mark, as RFC 5424 requires."}, self.utf8_bom);
    visit(setting{.name = "max_bytes", .text = "Longer messages are cut and marked; 0: 2048 for UDP, 8192 for others, 1024 for RFC 3164.", .min = 0, .max = 1'048'576, .form = setting_form::bytes}, self.max_bytes);
    // clang-format on
  }

  [[gnu::cold]] static void(check)(syslog_message const& m, setting_problems& problems) {
    constexpr std::uint32_t min_bytes = 512;
    if (m.max_bytes != 0 && m.max_bytes < min_bytes) problems.add("max_bytes", "must be 0, or 512 or more");
    if (m.sd_id.size() > 32) problems.add("sd_id", "must have at most 32 characters");
    for (char const c : m.sd_id) {
      if (c > ' ' && c < '\x7f' && c != '=' && c != ']' && c != '"') continue;
      problems.add("sd_id", "must be printable ASCII without a space, =, ] and \"");
      break;
    }
  }
};

}  // namespace sinks

template <>
struct enum_names<sinks::syslog_format> {
  static constexpr std::array names{std::pair{sinks::syslog_format::rfc5424, std::string_view{"rfc5424"}},
                                    std::pair{sinks::syslog_format::rfc3164, std::string_view{"rfc3164"}}};
};

template <>
struct enum_names<sinks::syslog_facility> {
 private:
  static constexpr std::array<std::string_view, 24> in_order{
      "kern",   "user",   "mail",     "daemon", "auth",   "syslog", "lpr",    "news",
      "uucp",   "cron",   "authpriv", "ftp",    "ntp",    "audit",  "alert",  "clock",
      "local0", "local1", "local2",   "local3", "local4", "local5", "local6", "local7"};

 public:
  static constexpr auto names = [] {
    std::array<std::pair<sinks::syslog_facility, std::string_view>, in_order.size()> all{};
    for (std::size_t i = 0; i < all.size(); ++i)
      all[i] = {static_cast<sinks::syslog_facility>(i), in_order[i]};
    return all;
  }();
};

}  // namespace fapilog::inline v0_1
