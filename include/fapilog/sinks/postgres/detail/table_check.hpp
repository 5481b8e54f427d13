// SPDX-License-Identifier: MIT
// Looks at the table of the Postgres sink without changing anything: what is missing, and the SQL that would help.
#pragma once

#include <fapilog/sinks/postgres/config.hpp>
#include <fapilog/sinks/postgres/ddl.hpp>
#include <fapilog/sinks/postgres/detail/columns.hpp>
#include <fapilog/sinks/postgres/detail/session.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace fapilog::inline v0_1::sinks::pg {

struct table_state {
  bool has_schema = false;
  bool exists = false;
  bool is_unique = false;           ///< by id, or by id and timestamp: a record twice is one row
  bool has_other_key = false;       ///< a unique key that two records may share: the later one is left out
  bool may_lack_partition = false;  ///< a check violation then means that no partition takes the row
  std::string problem;              ///< why it cannot be written to; empty where it can
  std::string remedy;               ///< SQL, where there is some

  void tell(std::string const& what, std::string const& sql) {
    problem += (problem.empty() ? "" : "; ") + what;
    remedy += sql;
  }
};

/// Whether the server puts text, uuid and so on into a column of this type without being told how.
[[nodiscard]] inline bool takes(sql_type ours, std::string_view theirs) noexcept {
  if (theirs == facts_of(ours).shown) return true;
  return ours == sql_type::text && (theirs == "character varying" || theirs == "character");
}

namespace table_check_detail {

inline void look_at_columns(session& db, postgres_config const& config, std::vector<column> const& columns,
                            std::string const& oid, table_state& state) {
  auto const rows = db.query(
      "SELECT a.attname, format_type(a.atttypid, NULL), a.attnotnull AND NOT a.atthasdef AND a.attidentity = "
      "'', "
      "has_column_privilege(a.attrelid, a.attnum, 'INSERT') FROM pg_attribute a WHERE a.attrelid = " +
      oid + " AND a.attnum > 0 AND NOT a.attisdropped");
  std::string const table = table_of(config);
  bool may_insert = true;
  for (column const& c : columns) {
    auto const found = std::ranges::find_if(rows, [&](auto const& row) { return row[0] == c.name; });
    std::string const type{facts_of(c.type).sql};
    if (found == rows.end()) {
      std::string const name = quoted_name(c.name);
      std::string add = "ALTER TABLE " + table;
      add.append(" ADD COLUMN ").append(name).append(" ").append(type).append(";\n");
      state.tell("column " + name + " is missing", add);
    } else if (!takes(c.type, (*found)[1])) {
      state.tell("column " + quoted_name(c.name) + " is " + (*found)[1] + ", not " + type +
                     (c.name == "event" ? " (see `use_jsonb`)" : ""),
                 "");
    } else if ((*found)[3] != "t") {
      may_insert = false;
    }
  }
  if (!may_insert) {
    auto const role = db.query("SELECT current_user").at(0).at(0);
    state.tell("the role " + quoted_name(role) + " has no right to INSERT",
               "GRANT INSERT ON " + table + " TO " + quoted_name(role) + ";\n");
  }
  for (auto const& row : rows) {
    if (row[2] != "t" || std::ranges::find(columns, row[0], &column::name) != columns.end()) continue;
    state.tell(
        "column " + quoted_name(row[0]) + " is NOT NULL without a default, and the sink does not write it",
        "ALTER TABLE " + table + " ALTER COLUMN " + quoted_name(row[0]) + " DROP NOT NULL;\n");
  }
}

}  // namespace table_check_detail

/// Reads the catalogue, for which a role needs no right of its own. Throws: failure.
[[nodiscard]] inline table_state look_at_table(session& db, postgres_config const& config,
                                               std::vector<column> const& columns) {
  table_state state;
  auto const found = db.query(
      "SELECT c.oid, c.relkind, has_schema_privilege(n.oid, 'USAGE'), p.partdefid = 0 AND NOT EXISTS (SELECT "
      "FROM "
      "pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c') FROM pg_namespace n LEFT JOIN pg_class "
      "c ON "
      "c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'v', 'f') AND c.relname = " +
      literal(config.table_name) +
      " LEFT JOIN pg_partitioned_table p ON p.partrelid = c.oid WHERE n.nspname = " +
      literal(config.schema_name));
  std::string const table = table_of(config);
  state.has_schema = !found.empty();
  state.exists = state.has_schema && !found[0][0].empty();
  if (!state.exists) {
    state.tell(state.has_schema ? "the table " + table + " does not exist"
                                : "the schema " + quoted_name(config.schema_name) + " does not exist",
               postgres_ddl(config));
    return state;
  }
  std::string const& oid = found[0][0];
  if (found[0][2] != "t") {
    auto const role = db.query("SELECT current_user").at(0).at(0);
    state.tell(
        "the role " + quoted_name(role) + " may not use the schema " + quoted_name(config.schema_name),
        "GRANT USAGE ON SCHEMA " + quoted_name(config.schema_name) + " TO " + quoted_name(role) + ";\n");
  }
  state.may_lack_partition = found[0][3] == "t";
  table_check_detail::look_at_columns(db, config, columns, oid, state);
  auto const unique = db.query(
      "SELECT count(*) FILTER (WHERE ours), count(*) FILTER (WHERE NOT ours AND NOT k.names @> ARRAY['id']) "
      "FROM pg_index i "
      "CROSS JOIN LATERAL (SELECT coalesce(array_agg(a.attname::text), '{}') AS names FROM pg_attribute a "
      "WHERE a.attrelid = "
      "i.indrelid AND a.attnum = ANY (i.indkey)) k CROSS JOIN LATERAL (SELECT i.indisvalid AND "
      "i.indimmediate AND i.indpred IS "
      "NULL AND i.indexprs IS NULL AND k.names <@ ARRAY['id', 'timestamp'] AND k.names @> ARRAY['id'] AS "
      "ours) o WHERE "
      "i.indisunique AND i.indrelid = " +
      oid);
  state.is_unique = unique.at(0).at(0) != "0";
  state.has_other_key = unique.at(0).at(1) != "0";
  return state;
}

/// Makes schema and table, whoever else does so at the same moment. Throws: failure.
inline void make_table(session& db, postgres_config const& config, table_state const& state) {
  // A lock by the name: two `IF NOT EXISTS` at once would fail on the catalogue's own keys. All of it is one
  // transaction.
  std::string sql =
      "SELECT pg_advisory_xact_lock(hashtext(" + literal("fapilog " + table_of(config)) + "));\n";
  if (!state.has_schema) sql += create_schema(config);
  sql += create_table(config, postgres_layout::plain) + create_indexes(config, postgres_layout::plain);
  (void)db.query(sql);
}

}  // namespace fapilog::inline v0_1::sinks::pg
