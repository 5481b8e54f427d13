// SPDX-License-Identifier: MIT
// What the Postgres sink does about an error, by its SQLSTATE: the one table of it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fapilog::inline v0_1::sinks::pg {

enum class action : std::uint8_t {
  retry,      ///< the same statement again after delivery's pause
  halve,      ///< again, with half the rows
  reconnect,  ///< another connection first
  wait,  ///< schema, rights or configuration: the table is looked at once a second until somebody has put it right
  reject,   ///< a record's fault: it is found and set aside
  unknown,  ///< again a few times, then as `reject`
};

/// A class (two characters) or a code (five), the longer one counts.
struct sqlstate_rule {
  std::string_view code;
  pg::action action;
  std::string_view meaning;
};

inline constexpr std::array sqlstate_rules{
    sqlstate_rule{"08", action::reconnect, "connection exception"},
    sqlstate_rule{"0A", action::wait, "the table does not support the statement"},
    sqlstate_rule{"22", action::reject, "a value the column cannot hold"},
    sqlstate_rule{"23", action::reject, "a constraint of the table"},
    sqlstate_rule{"25006", action::reconnect, "the server is read-only"},
    sqlstate_rule{"25P03", action::reconnect, "idle in a transaction for too long"},
    sqlstate_rule{"26", action::reconnect, "the prepared statement is gone"},
    sqlstate_rule{"28", action::wait, "the role or its password is refused"},
    sqlstate_rule{"3D", action::wait, "the database does not exist"},
    sqlstate_rule{"3F", action::wait, "the schema does not exist"},
    sqlstate_rule{"40", action::retry, "transaction rolled back: deadlock or serialization"},
    sqlstate_rule{"42", action::wait, "the table, a column or a right is missing"},
    sqlstate_rule{"42501", action::wait, "no permission"},
    sqlstate_rule{"42P01", action::wait, "the table does not exist"},
    sqlstate_rule{"42703", action::wait, "a column does not exist"},
    sqlstate_rule{"44", action::reject, "a check option of a view"},
    sqlstate_rule{"53", action::retry, "the server lacks a resource"},
    sqlstate_rule{"53100", action::retry, "the server's disk is full"},
    sqlstate_rule{"53300", action::reconnect, "too many connections"},
    sqlstate_rule{"54", action::reject, "a limit of the server"},
    sqlstate_rule{"55", action::retry, "an object is in use"},
    sqlstate_rule{"55P03", action::retry, "a lock was not to be had in time"},
    sqlstate_rule{"57", action::reconnect, "the server ended the session"},
    sqlstate_rule{"57014", action::halve, "statement timeout"},
    sqlstate_rule{"58", action::retry, "an error of the server's system"},
    sqlstate_rule{"P0001", action::reject, "an exception raised by a trigger"},
};

/// The rule for a code; `unknown` where there is none.
[[nodiscard]] constexpr sqlstate_rule rule_of(std::string_view code) noexcept {
  sqlstate_rule found{"", action::unknown, "unexpected error"};
  for (sqlstate_rule const& rule : sqlstate_rules) {
    if (code.starts_with(rule.code) && rule.code.size() > found.code.size()) found = rule;
  }
  return found;
}

/// A failed statement or connection. Its text is ours: never the server's, which repeats content and passwords.
struct failure {
  pg::action action = action::unknown;
  std::string code;  ///< SQLSTATE; empty where there was none
  std::string text;
  std::optional<std::string> remedy = {};  ///< for what somebody must put right: SQL that helps, may be empty

  [[nodiscard]] static failure of(std::string_view code) {
    sqlstate_rule const rule = rule_of(code);
    return {rule.action, std::string{code},
            std::string{rule.meaning} + " (SQLSTATE " + std::string{code.empty() ? "unknown" : code} + ')'};
  }
  [[nodiscard]] static failure lost() { return {action::reconnect, "", "the connection was lost"}; }
  [[nodiscard]] static failure unanswered() {
    return {action::reconnect, "",
            "the server did not answer within `statement_timeout` and `tcp_user_timeout`"};
  }
};

/// What stands against a connection, from libpq's text, of which nothing is repeated.
[[nodiscard]] inline failure connect_failure(std::string_view text) {
  struct form {
    std::string_view part;
    pg::action action;
    std::string_view meaning;
  };
  constexpr std::array forms{
      form{"too many", action::reconnect, "the server has too many connections"},
      form{"remaining connection slots", action::reconnect, "the server has too many connections"},
      form{"password authentication failed", action::wait, "the role or its password is refused"},
      form{"no password supplied", action::wait, "the server asks for a password and none is set"},
      form{"pg_hba.conf", action::wait, "the server's pg_hba.conf does not let this role in from here"},
      form{"role \"", action::wait, "the role does not exist or may not log in"},
      form{"database \"", action::wait, "the database does not exist or is closed"},
      form{"starting up", action::reconnect, "the server is starting up"},
      form{"shutting down", action::reconnect, "the server is shutting down"},
      form{"recovery mode", action::reconnect, "the server is in recovery"},
      form{"read-only", action::reconnect, "the server is read-only"},
      form{"hot standby", action::reconnect, "the server is a standby"},
      form{"certificate", action::wait, "a certificate is missing or not trusted"},
      form{"SSL", action::wait, "TLS could not be set up as `sslmode` asks"},
      form{"could not translate host name", action::reconnect, "the host's name is not known"},
      form{"Connection refused", action::reconnect, "nobody listens there: connection refused"},
      form{"No such file or directory", action::reconnect, "nobody listens there: no such socket"},
      form{"timeout expired", action::reconnect, "no answer within `connect_timeout`"},
      form{"No route to host", action::reconnect, "no route to the host"},
      form{"unreachable", action::reconnect, "the network is unreachable"},
      form{"missing \"=\"", action::wait, "`dsn` is malformed"},
      form{"invalid", action::wait, "`dsn` or another setting of the connection is malformed"},
  };
  for (form const& f : forms) {
    if (text.find(f.part) != std::string_view::npos) return {f.action, "", std::string{f.meaning}};
  }
  return {action::reconnect, "", "the server could not be connected to"};
}

}  // namespace fapilog::inline v0_1::sinks::pg
