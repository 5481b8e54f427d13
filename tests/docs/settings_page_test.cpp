// SPDX-License-Identifier: MIT
// Compares the tables of docs/user-guide/configuration.md and of the pages of sinks with the declared settings, and reads their
// JSON.
// usage: settings_page_test PAGE           compare
//        settings_page_test PAGE --write   rewrite the tables
#include <fapilog/plugins/journald.hpp>
#include <fapilog/plugins/syslog.hpp>
#include <fapilog/settings.hpp>
#include <fapilog/settings_schema.hpp>
#include <fapilog/sinks/clickhouse/config.hpp>
#include <fapilog/sinks/http/config.hpp>
#include <fapilog/sinks/http/datadog_config.hpp>
#include <fapilog/sinks/http/elasticsearch_config.hpp>
#include <fapilog/sinks/http/loki_config.hpp>
#include <fapilog/sinks/http/splunk_config.hpp>
#include <fapilog/sinks/http/webhook_config.hpp>
#include <fapilog/sinks/kafka/config.hpp>
#include <fapilog/sinks/nats/config.hpp>
#include <fapilog/sinks/otlp/config.hpp>
#include <fapilog/sinks/otlp/grpc_config.hpp>
#include <fapilog/sinks/postgres/config.hpp>
#include <fapilog/sinks/postgres/detail/columns.hpp>
#include <fapilog/sinks/syslog/tls_config.hpp>
#include <fapilog/sinks/windows_event_log/config.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr std::string_view end_of_table = "<!-- end of settings -->\n";
std::string const table_head = "| Setting | Value | Default | Meaning |\n|---|---|---|---|\n";
std::string const advanced_heading = "\nAdvanced, rarely worth a change:\n\n";

std::string cell(std::string text) {
  for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.insert(at, 1, '\\');
  return text;
}

std::string default_of(fapilog::detail::setting_row const& row) {
  if (row.by_preset) return "[preset](presets.md#values)";
  if (row.standard.is_null()) return "";
  return '`' + to_json(row.standard) + '`';
}

/// Appends the rows that are `advanced`, or those that are not.
void put_rows(std::string& out, std::vector<fapilog::detail::setting_row> const& rows,
              std::string const& above, bool advanced) {
  for (auto const& row : rows) {
    std::string const name = above + row.name;
    bool const is_object = !row.members.empty() && !row.standard.is_list();
    if (!is_object && row.advanced == advanced) {
      out += "| `" + name + "` | " + cell(row.rule) + (row.secret ? "; a secret" : "") + " | " +
             cell(default_of(row)) + " | " + cell(row.text) + (row.reloadable ? " Reloadable." : "") + " |\n";
    }
    put_rows(out, row.members, name + (is_object ? "." : "[]."), advanced);
  }
}

std::string table_of(std::vector<fapilog::detail::setting_row> const& rows) {
  if (rows.empty()) return "It has no settings.\n";
  std::string usual;
  std::string advanced;
  put_rows(usual, rows, "", false);
  put_rows(advanced, rows, "", true);
  std::string out = usual.empty() ? "" : table_head + usual;
  if (!advanced.empty()) out += (out.empty() ? "" : advanced_heading) + table_head + advanced;
  return out;
}

/// The settings of the Postgres sink, with their values under the presets that forbid DDL; the advanced ones apart.
std::string postgres_table() {
  std::string out = "| Setting | Value | Default | production, hardened | Meaning |\n|---|---|---|---|---|\n";
  auto const all = fapilog::detail::setting_table<fapilog::sinks::postgres_config>();
  for (auto const& row : all) {
    if (row.advanced) continue;
    out += "| `" + row.name + "` | " + cell(row.rule) + (row.secret ? "; a secret" : "") + " | " +
           cell(default_of(row)) + " | " + (row.name == "create_table" ? "**no DDL, forced**" : "") + " | " +
           cell(row.text) + " |\n";
  }
  out += advanced_heading + table_head;
  put_rows(out, all, "", true);
  return out;
}

/// Accepts the settings of a sink without the library that it needs.
template <class Config>
struct stand_in {
  explicit stand_in(Config const& /*config*/) {}
  void write(fapilog::batch const& /*entries*/) {}
};

template <class Config>
void add_stand_in(fapilog::registry& all, char const* name) {
  all.add_sink(fapilog::create_plugin_metadata(name, "0.1.0", "sink", "stand_in"),
               fapilog::plugin<stand_in<Config>, Config>());
}

fapilog::registry all_plugins() {
  auto all = fapilog::builtin_plugins();
  add_stand_in<fapilog::sinks::postgres_config>(all, "postgres");
  add_stand_in<fapilog::sinks::clickhouse_config>(all, "clickhouse");
  add_stand_in<fapilog::sinks::datadog_config>(all, "datadog");
  add_stand_in<fapilog::sinks::elasticsearch_config>(all, "elasticsearch");
  add_stand_in<fapilog::sinks::http_config>(all, "http");
  add_stand_in<fapilog::sinks::loki_config>(all, "loki");
  add_stand_in<fapilog::sinks::kafka_config>(all, "kafka");
  add_stand_in<fapilog::sinks::nats_config>(all, "nats");
  add_stand_in<fapilog::sinks::otlp_config>(all, "otlp");
  add_stand_in<fapilog::sinks::otlp_grpc_config>(all, "otlp_grpc");
  add_stand_in<fapilog::sinks::splunk_config>(all, "splunk");
  add_stand_in<fapilog::sinks::syslog_tls_config>(all, "syslog_tls");
  add_stand_in<fapilog::sinks::webhook_config>(all, "webhook");
  add_stand_in<fapilog::sinks::windows_event_log_config>(all, "windows_event_log");
  fapilog::add_journald(all);
  fapilog::add_syslog(all);
  return all;
}

/// The text between a marker and its end; empty for an unknown marker.
std::string content_of(std::string_view marker) {
  std::string out;
  if (marker == "windows_event_log")
    return '\n' + table_of(fapilog::detail::setting_table<fapilog::sinks::windows_event_log_config>()) + '\n';
  if (marker == "journald")
    return '\n' + table_of(fapilog::detail::setting_table<fapilog::sinks::journald_config>()) + '\n';
  if (marker == "syslog")
    return '\n' + table_of(fapilog::detail::setting_table<fapilog::sinks::syslog_config>()) + '\n';
  if (marker == "syslog_tls")
    return '\n' + table_of(fapilog::detail::setting_table<fapilog::sinks::syslog_tls_config>()) + '\n';
  if (marker == "postgres") return '\n' + postgres_table() + '\n';
  if (marker == "clickhouse")
    return '\n' + table_of(fapilog::detail::setting_table<fapilog::sinks::clickhouse_config>()) + '\n';
  if (marker == "kafka")
    return '\n' + table_of(fapilog::detail::setting_table<fapilog::sinks::kafka_config>()) + '\n';
  if (marker == "nats")
    return '\n' + table_of(fapilog::detail::setting_table<fapilog::sinks::nats_config>()) + '\n';
  if (marker == "otlp")
    return '\n' + table_of(fapilog::detail::setting_table<fapilog::sinks::otlp_config>()) + '\n';
  if (marker == "otlp_grpc")
    return '\n' + table_of(fapilog::detail::setting_table<fapilog::sinks::otlp_grpc_config>()) + '\n';
  if (marker == "datadog")
    return '\n' + table_of(fapilog::detail::setting_table<fapilog::sinks::datadog_config>()) + '\n';
  if (marker == "elasticsearch")
    return '\n' + table_of(fapilog::detail::setting_table<fapilog::sinks::elasticsearch_config>()) + '\n';
  if (marker == "http")
    return '\n' + table_of(fapilog::detail::setting_table<fapilog::sinks::http_config>()) + '\n';
  if (marker == "loki")
    return '\n' + table_of(fapilog::detail::setting_table<fapilog::sinks::loki_config>()) + '\n';
  if (marker == "splunk")
    return '\n' + table_of(fapilog::detail::setting_table<fapilog::sinks::splunk_config>()) + '\n';
  if (marker == "webhook")
    return '\n' + table_of(fapilog::detail::setting_table<fapilog::sinks::webhook_config>()) + '\n';
  for (auto const& group : fapilog::detail::settings_groups()) {
    bool const is_entry = group.name.find('.') != std::string::npos;
    if (marker == group.name && !is_entry) return '\n' + table_of(group.rows) + '\n';
    if (marker == "entries" && is_entry) {
      out += "\n### " + group.name + "\n\n" + group.text + "\n\n" + table_of(group.rows);
    }
  }
  return out.empty() ? out : out + '\n';
}

std::string line_with(std::string_view found, std::string_view wanted) {
  while (!found.empty() && !wanted.empty()) {
    auto const a = found.substr(0, found.find('\n'));
    auto const b = wanted.substr(0, wanted.find('\n'));
    if (a != b) return "  the page has: " + std::string{a} + "\n  the code has: " + std::string{b};
    found.remove_prefix(std::min(a.size() + 1, found.size()));
    wanted.remove_prefix(std::min(b.size() + 1, wanted.size()));
  }
  return "  one of them is longer";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  bool const write = argc > 2 && std::string_view{argv[2]} == "--write";
  std::ifstream file{argv[1]};
  std::string const page{std::istreambuf_iterator<char>{file}, {}};
  std::string made;
  int faults = 0;
  int tables = 0;
  constexpr std::string_view begin_of_marker = "<!-- settings: ";
  std::size_t at = 0;
  for (std::size_t found = 0; (found = page.find(begin_of_marker, at)) != std::string::npos;) {
    std::size_t const name = found + begin_of_marker.size();
    std::size_t const line_end = page.find('\n', name);
    std::size_t const end = page.find(end_of_table, name);
    std::string const marker = page.substr(name, page.find(" -->", name) - name);
    std::string const wanted = content_of(marker);
    if (wanted.empty() || end == std::string::npos) {
      std::fprintf(stderr, "%s: the marker '%s' is unknown, or has no end\n", argv[1], marker.c_str());
      return 1;
    }
    ++tables;
    std::string_view const there = std::string_view{page}.substr(line_end + 1, end - line_end - 1);
    if (there != wanted && !write) {
      ++faults;
      std::fprintf(
          stderr,
          "%s: the settings of '%s' differ from those of the code; run this program with --write\n%s\n",
          argv[1], marker.c_str(), line_with(there, wanted).c_str());
    }
    made += page.substr(at, line_end + 1 - at) + wanted;
    at = end;
  }
  made += page.substr(at);
  bool const is_configuration = page.find("<!-- settings: core -->") != std::string::npos;
  if (tables == 0 || (is_configuration && tables != 3)) {
    std::fprintf(stderr,
                 "%s: it has %d tables of settings; the configuration has core, plugins and entries\n",
                 argv[1], tables);
    ++faults;
  }
  if (write) std::ofstream{argv[1]} << made;

  constexpr std::string_view fence = "```json\n";
  int texts = 0;
  for (std::size_t begin = 0; (begin = page.find(fence, begin)) != std::string::npos; ++texts) {
    begin += fence.size();
    std::string const text = page.substr(begin, page.find("```", begin) - begin);
    try {
      auto const all = fapilog::settings::from_json(text, argv[1], all_plugins());
      if (text.find("\"production\"") != std::string::npos) (void)all.options<fapilog::presets::production>();
      else (void)all.options<fapilog::presets::minimal>();
    } catch (fapilog::settings_error const& error) {
      ++faults;
      std::fprintf(stderr, "settings of the page are refused:\n%s%s\n", text.c_str(), error.what());
    }
  }
  if (texts == 0) {
    std::fprintf(stderr, "%s: it shows no settings\n", argv[1]);
    ++faults;
  }
  return faults == 0 ? 0 : 1;
}
