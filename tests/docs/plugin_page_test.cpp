// SPDX-License-Identifier: MIT
// Compares the table of docs/plugins/index.md with the registry and the presets.
// usage: plugin_page_test SOURCE           compare
//        plugin_page_test SOURCE --write   rewrite the table
#include <fapilog/plugins/builtins.hpp>
#include <fapilog/setup/presets.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace {

using fapilog::plugin_type;

constexpr std::string_view marker = "<!-- plugins -->\n";
constexpr std::string_view end_of_table = "<!-- end of plugins -->\n";

bool names(std::vector<std::string> const& all, std::string_view name) {
  return std::find(all.begin(), all.end(), name) != all.end();
}

/// The redactors of a preset are combined into one; its metrics show which ones it contains.
bool redacts(fapilog::preset const& p, std::string_view name) {
  fapilog::metric_list figures;
  for (auto const& redactor : fapilog::detail::preset_redactors(p)) redactor.base().collect(figures);
  std::string_view const counted = name == "value_detectors" ? "payment_card" : name;
  return std::any_of(figures.begin(), figures.end(), [counted](fapilog::metric const& m) {
    return std::any_of(m.labels.begin(), m.labels.end(), [counted](auto const& label) {
      return label.first == "rule" && label.second == counted;
    });
  });
}

bool has(fapilog::preset const& p, plugin_type kind, std::string_view name) {
  std::vector<std::string> used;
  switch (kind) {
    case plugin_type::sink:
      for (std::string_view const sink : p.sinks) used.emplace_back(sink);
      break;
    case plugin_type::enricher:
      for (auto const& e :
           fapilog::detail::preset_enrichers({}, {}, {}, p.get("core.source_location", false)))
        used.push_back(e.base().name());
      break;
    case plugin_type::redactor: return redacts(p, name);
    default: break;
  }
  return names(used, name);
}

std::string presets_with(plugin_type kind, std::string_view name) {
  std::vector<std::string> found;
  for (fapilog::preset const* const p : fapilog::detail::all_presets) {
    if (has(*p, kind, name)) found.push_back('`' + std::string{p->name} + '`');
    bool const is_fallback = p->file_is_fallback && name == "rotating_file";
    if (is_fallback) found.push_back('`' + std::string{p->name} + "` as fallback");
  }
  if (found.size() == fapilog::detail::all_presets.size()) return "all";
  std::string text;
  for (std::string const& one : found) text += (text.empty() ? "" : ", ") + one;
  return text;
}

std::string table_of(std::string const& source, int& faults) {
  std::string out = "| Name | Kind | Header | What it does | In the presets |\n|---|---|---|---|---|\n";
  auto const plugins = fapilog::builtin_plugins();
  for (plugin_type const kind : {plugin_type::sink, plugin_type::filter, plugin_type::enricher,
                                 plugin_type::redactor, plugin_type::processor}) {
    std::string const kind_name{to_string(kind)};
    bool const is_sink = kind == plugin_type::sink;
    std::string const folder = is_sink ? "sinks/" : "stages/" + kind_name + "s/";
    std::string const page = is_sink ? "../user-guide/sinks.md" : kind_name + "s.md";
    for (fapilog::registry::plugin_info const* const plugin : plugins.all(kind)) {
      if (!plugin->is_present()) continue;
      std::string const& name = plugin->metadata.name;
      std::string const header = "fapilog/" + folder + name + ".hpp";
      if (!std::ifstream{source + "/include/" + header}) {
        ++faults;
        std::fprintf(stderr, "there is no header %s\n", header.c_str());
      }
      out += "| [`" + name + "`](" + page + '#' + name + ") | " + kind_name + " | `" + header + "` | " +
             plugin->metadata.description + " | " + presets_with(kind, name) + " |\n";
    }
  }
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  std::string const path = std::string{argv[1]} + "/docs/plugins/index.md";
  std::ifstream file{path};
  std::string const page{std::istreambuf_iterator<char>{file}, {}};
  int faults = 0;
  std::string const wanted = '\n' + table_of(argv[1], faults) + '\n';
  std::size_t const begin = page.find(marker);
  std::size_t const end = page.find(end_of_table);
  if (begin == std::string::npos || end == std::string::npos) {
    std::fprintf(stderr, "%s: it has no place for the table\n", path.c_str());
    return 1;
  }
  std::size_t const at = begin + marker.size();
  if (argc > 2 && std::string_view{argv[2]} == "--write") {
    std::ofstream{path} << page.substr(0, at) << wanted << page.substr(end);
  } else if (page.substr(at, end - at) != wanted) {
    ++faults;
    std::fprintf(stderr,
                 "%s: the table is not that of the code; run this program with --write. It would be\n%s",
                 path.c_str(), wanted.c_str());
  }
  return faults == 0 ? 0 : 1;
}
