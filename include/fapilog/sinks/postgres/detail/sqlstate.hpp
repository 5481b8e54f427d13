// SPDX-License-Identifier: MIT
// How the Postgres sink handles an error, by its SQLSTATE.
#pragma once

#include <fapilog/detail/text/concat.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fapilog::inline v0_1::detail::pg {

enum class action : std::uint8_t {
  retry,      ///< send the same statement again after the pause of the delivery
  halve,      ///< send it again with half the rows
  reconnect,  ///< open another connection, then send it again
  wait,    ///< check the table once a second until an operator has corrected schema, rights or configuration
  reject,  ///< find the record that causes it and reject that record
  read_limits,  ///< read the lengths of the table's columns again, then send it again
  unknown,      ///< retry a few times, then handle like `reject`
};

/// A class (two characters) or a code (five characters). The longest match applies.
struct sqlstate_rule {
  std::string_view code;
  pg::action action;
  std::string_view meaning;
};

inline constexpr std::array sqlstate_rules{
    sqlstate_rule{"08", action::reconnect, "connection exception"},
    sqlstate_rule{"09", action::reject, "a trigger failed"},
    sqlstate_rule{"0A", action::wait, "the table does not support the statement"},
    sqlstate_rule{"0P", action::wait, "a role does not exist"},
    sqlstate_rule{"21", action::reject, "a trigger or a rule found more than one row"},
    sqlstate_rule{"22", action::reject, "a value that the column cannot hold"},
    sqlstate_rule{"23", action::reject, "a constraint of the table"},
    sqlstate_rule{"25", action::reconnect, "the transaction has another state"},
    sqlstate_rule{"25006", action::reconnect, "the server is read-only"},
    sqlstate_rule{"25P03", action::reconnect, "idle in a transaction for too long"},
    sqlstate_rule{"26", action::reconnect, "the prepared statement is gone"},
    sqlstate_rule{"27", action::reject, "a trigger changed the row itself"},
    sqlstate_rule{"28", action::wait, "the role or its password is refused"},
    sqlstate_rule{"2D", action::reconnect, "the transaction has another state"},
    sqlstate_rule{"2F", action::reject, "a function of a trigger failed"},
    sqlstate_rule{"38", action::reject, "a function of a trigger failed"},
    sqlstate_rule{"39", action::reject, "a function of a trigger failed"},
    sqlstate_rule{"3B", action::reconnect, "the transaction has another state"},
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
    sqlstate_rule{"55P03", action::retry, "a lock was not available in time"},
    sqlstate_rule{"57", action::reconnect, "the server ended the session"},
    sqlstate_rule{"57014", action::halve, "statement timeout"},
    sqlstate_rule{"58", action::retry, "a system error of the server"},
    sqlstate_rule{"72", action::retry, "a snapshot is too old"},
    sqlstate_rule{"F0", action::wait, "the server's configuration is wrong"},
    sqlstate_rule{"HV00N", action::retry, "the server of a foreign table cannot be reached"},
    sqlstate_rule{"P0", action::reject, "an error in a trigger"},
    sqlstate_rule{"P0001", action::reject, "an exception raised by a trigger"},
    sqlstate_rule{"XX001", action::retry, "the table is damaged"},
    sqlstate_rule{"XX002", action::retry, "an index is damaged"},
};

/// The rule for a code; the action is `unknown` if none matches.
[[nodiscard]] constexpr sqlstate_rule rule_of(std::string_view code) noexcept {
  sqlstate_rule found{"", action::unknown, "unexpected error"};
  for (sqlstate_rule const& rule : sqlstate_rules) {
    if (code.starts_with(rule.code) && rule.code.size() > found.code.size()) found = rule;
  }
  return found;
}

/// A failed statement or connection. The message never quotes the server, whose messages may contain records and passwords.
struct failure {
  pg::action action = action::unknown;
  std::string code;  ///< SQLSTATE; empty if there is none
  std::string message;
  std::optional<std::string> remedy = {};  ///< set if an operator must act: SQL that helps, may be empty
  bool is_unconfirmed = false;             ///< the server has committed fewer rows than it was sent

  [[nodiscard, gnu::cold]] static failure of(std::string_view code) {
    sqlstate_rule const rule = rule_of(code);
    return {rule.action, std::string{code},
            concat({rule.meaning, " (SQLSTATE ", code.empty() ? "unknown" : code, ")"})};
  }
  [[nodiscard, gnu::cold]] static failure lost() {
    return {action::reconnect, "", "the connection was lost"};
  }
  [[nodiscard, gnu::cold]] static failure unanswered() {
    return {action::reconnect, "",
            "the server did not answer within `statement_timeout` and `tcp_user_timeout`"};
  }
  [[nodiscard, gnu::cold]] static failure unconfirmed(std::uint64_t stored, std::uint64_t sent) {
    failure failed{action::unknown, "",
                   concat({"the server confirmed ", std::to_string(stored), " of ", std::to_string(sent),
                           " rows, and no trigger or rule of the table explains it"})};
    failed.is_unconfirmed = true;
    return failed;
  }
  [[nodiscard, gnu::cold]] static failure not_committed() {
    return {action::reconnect, "",
            "the server did not commit the transaction; a connection pool may have ended it"};
  }
  [[nodiscard, gnu::cold]] static failure no_transaction() {
    return {action::reconnect, "",
            "the connection was closed at BEGIN; if a connection pool allows no transactions, set its "
            "`pool_mode` to "
            "transaction or session, or connect to the server directly"};
  }
};

/// Why a connection failed, derived from the message of libpq without quoting it.
[[nodiscard, gnu::cold]] inline failure connect_failure(std::string_view text) {
  struct form {
    std::string_view part;
    pg::action action;
    std::string_view meaning;
  };
  constexpr std::array forms{
      form{"too many", action::reconnect, "the server has too many connections"},
      form{"remaining connection slots", action::reconnect, "the server has too many connections"},
      form{"password authentication failed", action::wait, "the role or its password is refused"},
      form{"no password supplied", action::wait, "the server requires a password, and none is set"},
      form{"pg_hba.conf", action::wait,
           "the server's pg_hba.conf does not allow this role to connect from here"},
      form{"role \"", action::wait, "the role does not exist or may not log in"},
      form{"database \"", action::wait, "the database does not exist or accepts no connections"},
      form{"starting up", action::reconnect, "the server is starting up"},
      form{"shutting down", action::reconnect, "the server is shutting down"},
      form{"recovery mode", action::reconnect, "the server is in recovery"},
      form{"read-only", action::reconnect, "the server is read-only"},
      form{"hot standby", action::reconnect, "the server is a standby"},
      form{"certificate", action::wait, "a certificate is missing or not trusted"},
      form{"SSL", action::wait, "TLS could not be set up as `sslmode` requires"},
      form{"could not translate host name", action::reconnect, "the host name cannot be resolved"},
      form{"Connection refused", action::reconnect, "no server listens at this address: connection refused"},
      form{"No such file or directory", action::reconnect,
           "no server listens at this address: no such socket"},
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

}  // namespace fapilog::inline v0_1::detail::pg
