// SPDX-License-Identifier: MIT
// Checks the table of the Postgres sink without changing it: what is missing, and the SQL that adds it.
#pragma once

#include <fapilog/detail/text/concat.hpp>
#include <fapilog/sinks/postgres/config.hpp>
#include <fapilog/sinks/postgres/ddl.hpp>
#include <fapilog/sinks/postgres/detail/column_limit.hpp>
#include <fapilog/sinks/postgres/detail/columns.hpp>
#include <fapilog/sinks/postgres/detail/session.hpp>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fapilog::inline v0_1::detail::pg {

struct table_state {
  bool has_schema = false;
  bool exists = false;
  bool is_unique = false;      ///< has a unique key on id, or on id and timestamp
  bool has_other_key = false;  ///< has a unique key that two records may share: the later one is left out
  bool may_lack_partition = false;  ///< a check violation then means that no partition accepts the row
  bool may_leave_out_rows = false;  ///< the server may store fewer rows than it gets, and reports no error
  std::string problem;              ///< why it cannot be written to; empty if it can
  std::string remedy;               ///< SQL that solves the problem; may be empty
  table_limits limits;
  std::string notice;         ///< which values or records the table does not accept; empty if it accepts all
  std::string notice_remedy;  ///< SQL that changes that; may be empty
  std::string left_out;       ///< which columns are not written; empty if all are

  void add_notice(std::string_view what, std::string_view sql) {
    append(notice, {notice.empty() ? "" : "; ", what});
    notice_remedy += sql;
  }
  void add_left_out(std::string_view what, std::string_view sql) {
    append(left_out, {left_out.empty() ? "" : "; ", what});
    add_notice(concat({what, ": its values are only in `event`"}), sql);
  }
  void add_problem(std::string_view what, std::string_view sql) {
    append(problem, {problem.empty() ? "" : "; ", what});
    remedy += sql;
  }
};

/// True if the server stores a value of type `ours` in a column of type `theirs` without a cast.
[[nodiscard]] inline bool accepts_type(sql_type ours, std::string_view theirs) noexcept {
  if (theirs == info_of(ours).formatted) return true;
  return ours == sql_type::text && (theirs == "character varying" || theirs == "character");
}

/// The quoted name of the role of this session.
[[nodiscard, gnu::cold]] inline std::string current_role(session& db) {
  return quoted_name(db.query("SELECT current_user").at(0).at(0));
}

/// The limit of a column of the table, from its type modifier and whether it is NOT NULL. Adds a notice for values that the
/// column does not hold, and for records without a value.
[[nodiscard, gnu::cold]] inline column_limit inspect_limit(postgres_config const& config, column const& c,
                                                           std::string_view modifier, bool is_not_null,
                                                           table_state& state) {
  constexpr std::int64_t header = 4;  // a modifier counts the bytes of a header, too
  column_limit limit{.is_not_null = is_not_null};
  if (c.name == "id" || c.name == "event" || c.name == "timestamp") return limit;
  std::string const name = quoted_name(c.name);
  std::int64_t number = -1;
  (void)std::from_chars(modifier.data(), modifier.data() + modifier.size(), number);
  if (c.type == sql_type::text && number >= header) {
    limit.max_characters = static_cast<std::uint32_t>(number - header);
    state.add_notice(
        concat({"column ", name, " holds ", std::to_string(limit.max_characters),
                is_not_null ? " characters and is NOT NULL: longer values are cut, and `event` has them"
                            : " characters: longer values are stored as NULL, and `event` has them"}),
        concat({"ALTER TABLE ", table_of(config), " ALTER COLUMN ", name, " TYPE text;\n"}));
  }
  bool const is_always_set =
      c.type == sql_type::text && (c.name == "level" || c.name == "logger" || c.name == "message");
  if (is_not_null && !is_always_set) {
    state.add_notice(concat({"column ", name, " is NOT NULL: records without a value for it are rejected"}),
                     concat({"ALTER TABLE ", table_of(config), " ALTER COLUMN ", name, " DROP NOT NULL;\n"}));
  }
  return limit;
}

/// Checks the encodings of the database and of the session.
[[gnu::cold]] inline void inspect_encoding(session& db, table_state& state) {
  auto const row =
      db.query("SELECT current_setting('server_encoding'), current_setting('client_encoding')").at(0);
  if (row.at(1) != "UTF8") {
    state.add_problem(concat({"the session's client_encoding is ", row[1],
                              ", not UTF8: a connection pooler or a setting of the role has changed it"}),
                      "");
  }
  std::string const& encoding = row.at(0);
  if (encoding == "UTF8") return;
  state.limits.max_code_point = encoding == "LATIN1" ? 0xFF : 0x7F;
  state.limits.counts_bytes = encoding == "SQL_ASCII";
  state.add_notice(concat({"the database's encoding is ", encoding,
                           ", not UTF8: characters that it lacks are stored as \"?\""}),
                   "");
}

/// For each column of the table: name, type, whether it needs a value that the sink does not write, whether the role may
/// INSERT, whether it is NOT NULL, type modifier. A domain counts as the type on which it is based.
[[nodiscard, gnu::cold]] inline text_rows read_columns(session& db, std::string const& oid) {
  return db.query(concat(
      {"WITH RECURSIVE base AS (SELECT attnum, atttypid AS type, atttypmod AS modifier, attnotnull AS "
       "is_not_null, atthasdef OR attidentity <> '' AS has_default FROM pg_attribute WHERE attrelid = ",
       oid,
       " AND attnum > 0 AND NOT attisdropped UNION ALL SELECT base.attnum, t.typbasetype, CASE base.modifier "
       "WHEN -1 THEN t.typtypmod ELSE base.modifier END, base.is_not_null OR t.typnotnull, base.has_default "
       "OR t.typdefault IS NOT NULL FROM base JOIN pg_type t ON t.oid = base.type AND t.typtype = 'd') "
       "SELECT a.attname, format_type(base.type, NULL), base.is_not_null AND NOT base.has_default, "
       "has_column_privilege(a.attrelid, a.attnum, 'INSERT'), base.is_not_null, base.modifier FROM base JOIN "
       "pg_type t ON t.oid = base.type AND t.typtype <> 'd' JOIN pg_attribute a ON a.attnum = base.attnum "
       "AND a.attrelid = ",
       oid}));
}

[[gnu::cold]] inline void inspect_columns(session& db, postgres_config const& config,
                                          std::vector<column> const& columns, std::string const& oid,
                                          table_state& state) {
  text_rows const rows = read_columns(db, oid);
  state.limits.columns.assign(columns.size(), {});
  std::string const table = table_of(config);
  bool may_insert = true;
  for (column const& c : columns) {
    auto const found =
        std::find_if(rows.begin(), rows.end(), [&](auto const& row) { return row[0] == c.name; });
    std::string_view const type = info_of(c.type).sql;
    std::string const name = quoted_name(c.name);
    column_limit& limit = state.limits.columns[static_cast<std::size_t>(&c - columns.data())];
    bool const is_needed = c.name == "id" || c.name == "event" || c.name == "timestamp";
    if (found == rows.end()) {
      std::string const what = concat({"column ", name, " is missing"});
      std::string const sql = concat({"ALTER TABLE ", table, " ADD COLUMN ", name, " ", type, ";\n"});
      limit.is_left_out = !is_needed;
      is_needed ? state.add_problem(what, sql) : state.add_left_out(what, sql);
    } else if (!accepts_type(c.type, (*found)[1])) {
      std::string const what = concat({"column ", name, " is ", (*found)[1], ", not ", type,
                                       c.name == "event" ? " (see `use_jsonb`)" : ""});
      limit.is_left_out = !is_needed && (*found)[2] != "t";  // else the server refuses every row
      limit.is_left_out ? state.add_left_out(what, "") : state.add_problem(what, "");
    } else {
      limit = inspect_limit(config, c, (*found)[5], (*found)[4] == "t", state);
      if ((*found)[3] != "t") may_insert = false;
    }
  }
  if (!may_insert) {
    std::string const role = current_role(db);
    state.add_problem(concat({"the role ", role, " has no right to INSERT"}),
                      concat({"GRANT INSERT ON ", table, " TO ", role, ";\n"}));
  }
  for (auto const& row : rows) {
    bool const is_ours =
        std::any_of(columns.begin(), columns.end(), [&row](column const& c) { return c.name == row[0]; });
    if (row[2] != "t" || is_ours) continue;
    std::string const name = quoted_name(row[0]);
    state.add_problem(
        concat({"column ", name, " is NOT NULL without a default, and the sink does not write it"}),
        concat({"ALTER TABLE ", table, " ALTER COLUMN ", name, " DROP NOT NULL;\n"}));
  }
}

/// True if a trigger or rule of the table or of one of its partitions may keep rows out of it, or if another server has the
/// rows.
[[nodiscard, gnu::cold]] inline bool may_leave_out_rows(session& db, std::string const& oid) {
  // Bits of tgtype: 1 for each row, 2 before, 4 insert, 64 instead of.
  return db.query(concat({"WITH RECURSIVE tree AS (SELECT ", oid,
                          "::oid AS id UNION SELECT i.inhrelid FROM pg_inherits i JOIN tree ON i.inhparent = "
                          "tree.id) "
                          "SELECT EXISTS (SELECT FROM pg_class c JOIN tree ON c.oid = tree.id WHERE "
                          "c.relkind IN ('v', 'f')) "
                          "OR EXISTS (SELECT FROM pg_trigger t JOIN tree ON t.tgrelid = tree.id "
                          "WHERE t.tgtype & 7 = 7 OR t.tgtype & 64 <> 0) "
                          "OR EXISTS (SELECT FROM pg_rewrite r JOIN tree ON r.ev_class = tree.id WHERE "
                          "r.ev_type = '3')"}))
             .at(0)
             .at(0) == "t";
}

/// Reads the catalogue, which every role may do. Throws: failure.
[[nodiscard, gnu::cold]] inline table_state inspect_table(session& db, postgres_config const& config,
                                                          std::vector<column> const& columns) {
  table_state state;
  auto const found = db.query(concat(
      {"SELECT c.oid, c.relkind, has_schema_privilege(n.oid, 'USAGE'), p.partdefid = 0 AND NOT EXISTS "
       "(SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c') FROM pg_namespace n "
       "LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'v', 'f') AND "
       "c.relname = ",
       quoted_literal(config.table_name),
       " LEFT JOIN pg_partitioned_table p ON p.partrelid = c.oid WHERE n.nspname = ",
       quoted_literal(config.schema_name)}));
  std::string const schema = quoted_name(config.schema_name);
  state.has_schema = !found.empty();
  state.exists = state.has_schema && !found[0][0].empty();
  if (!state.exists) {
    state.add_problem(state.has_schema ? concat({"the table ", table_of(config), " does not exist"})
                                       : concat({"the schema ", schema, " does not exist"}),
                      sinks::postgres_ddl(config));
    return state;
  }
  std::string const& oid = found[0][0];
  if (found[0][2] != "t") {
    std::string const role = current_role(db);
    state.add_problem(concat({"the role ", role, " may not use the schema ", schema}),
                      concat({"GRANT USAGE ON SCHEMA ", schema, " TO ", role, ";\n"}));
  }
  state.may_lack_partition = found[0][3] == "t";
  inspect_encoding(db, state);
  inspect_columns(db, config, columns, oid, state);
  auto const unique = db.query(
      "SELECT count(*) FILTER (WHERE ours), count(*) FILTER (WHERE NOT ours AND NOT k.names @> ARRAY['id']) "
      "FROM pg_index i "
      "CROSS JOIN LATERAL (SELECT coalesce(array_agg(a.attname::text), '{}') AS names FROM pg_attribute a "
      "WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)) k "
      "CROSS JOIN LATERAL (SELECT i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS "
      "NULL "
      "AND k.names <@ ARRAY['id', 'timestamp'] AND k.names @> ARRAY['id'] AS ours) o "
      "WHERE i.indisunique AND i.indrelid = " +
      oid);
  state.is_unique = unique.at(0).at(0) != "0";
  state.has_other_key = unique.at(0).at(1) != "0";
  state.may_leave_out_rows = may_leave_out_rows(db, oid);
  return state;
}

/// Creates the schema and the table in one transaction. Safe if several processes do it at the same time. Throws: failure.
[[gnu::cold]] inline void create_missing_table(session& db, postgres_config const& config,
                                               table_state const& state) {
  // Two concurrent `IF NOT EXISTS` would violate the unique keys of the catalogue: an advisory lock on the name prevents
  // it.
  std::string sql = concat({"SELECT pg_advisory_xact_lock(hashtext(",
                            quoted_literal(concat({"fapilog ", table_of(config)})), "));\n"});
  if (!state.has_schema) sql += create_schema(config);
  sql += create_table(config, postgres_layout::plain);
  sql += create_indexes(config, postgres_layout::plain);
  (void)db.query(sql);
}

}  // namespace fapilog::inline v0_1::detail::pg
