// SPDX-License-Identifier: MIT
// Prints the migration for the Postgres sink, to run on a production database before the service starts.
#include <fapilog/sinks/postgres/ddl.hpp>

#include <cstdio>
#include <exception>
#include <string>
#include <string_view>

using fapilog::sinks::postgres_config;
using fapilog::sinks::postgres_layout;

namespace {

constexpr std::string_view usage =
    "usage: ddl [plain|partitioned|timescale|citus|partitions] [SCHEMA [TABLE [COLUMN=]PATH[:TYPE]...]]\n"
    "Prints SQL that can be run again. Run `partitions` once a day for a partitioned table: it creates the\n"
    "partitions of the next seven days and drops those older than thirty.\n";

}  // namespace

int main(int argc, char** argv) {
  std::string_view const layout = argc > 1 ? argv[1] : "plain";
  postgres_config config;
  if (argc > 2) config.schema_name = argv[2];
  if (argc > 3) config.table_name = argv[3];
  for (int i = 4; i < argc; ++i) config.extract_fields.emplace_back(argv[i]);
  try {
    std::string sql;
    if (layout == "plain") sql = postgres_ddl(config);
    else if (layout == "partitioned") sql = postgres_ddl(config, postgres_layout::partitioned);
    else if (layout == "timescale") sql = postgres_ddl(config, postgres_layout::timescale);
    else if (layout == "citus") sql = postgres_ddl(config, postgres_layout::citus);
    else if (layout == "partitions") sql = fapilog::sinks::postgres_partitions(config, 7, 30);
    std::fputs(sql.empty() ? std::string{usage}.c_str() : sql.c_str(), sql.empty() ? stderr : stdout);
    return sql.empty() ? 2 : 0;
  } catch (std::exception const& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}
