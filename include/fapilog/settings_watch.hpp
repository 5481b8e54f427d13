// SPDX-License-Identifier: MIT
// Keeps a running runtime to its settings' files: levels, stages and routes follow them, a bad file is refused.
#pragma once

#include <fapilog/detail/os/watch_thread.hpp>
#include <fapilog/detail/os/whole_file.hpp>
#include <fapilog/metrics/metric.hpp>
#include <fapilog/runtime.hpp>
#include <fapilog/settings.hpp>
#include <fapilog/setup/runtime_changes.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1 {

struct settings_watch_options {
  /// How often the files are looked at; 0: not at all. They are read when two looks have seen the same change.
  std::chrono::milliseconds interval = std::chrono::seconds{1};
  /// The files are also read at each SIGHUP. A handler that stood before is called, too.
  bool on_sighup = false;
};

/// What came of reading settings again.
struct settings_reload {
  /// Paths of what is in force now, such as `core.log_level`.
  std::vector<std::string> applied = {};
  /// Paths of what takes effect when the program starts anew.
  std::vector<std::string> after_restart = {};
  /// Why nothing was changed; empty where all is well.
  std::string error = {};

  [[nodiscard]] bool is_refused() const noexcept { return !error.empty(); }
};

/// Has its runtime follow the files of its settings:
///
///     auto const chosen = fapilog::settings::from_file("fapilog.json").with_environment();
///     fapilog::runtime rt{chosen.options()};
///     fapilog::settings_watch const watch{rt, chosen, {.on_sighup = true}};
///
/// Levels, filters, enrichers, redactors, processors, `redaction_fail_mode`, `routing` and the routes of sinks are taken
/// over, all at once between two batches; a kind of stages of which nothing was changed keeps its state, as do levels.
/// All else is named in diagnostics as waiting for a restart. Settings that are wrong are refused as a whole, told in
/// diagnostics, and what was in force stays.
/// It ends before its runtime does; a forked child has none. Thread: the members any; construction and destruction one.
template <preset const& P>
class basic_settings_watch {
 public:
  /// Makes the options of a runtime, as the program does at its start: what it adds in code is added again.
  using maker = std::function<basic_options<P>(settings const&)>;

  /// `chosen` are the settings that the runtime was made of. Throws: std::invalid_argument for a runtime whose stages are
  /// not those that `make` makes; settings_error; std::system_error without a thread or descriptors.
  basic_settings_watch(
      basic_runtime<P>& rt, settings chosen, settings_watch_options how = {},
      maker make = [](settings const& s) { return s.template options<P>(); })
      : runtime_(rt),
        make_(std::move(make)),
        current_(std::move(chosen)),
        thread_(checked(how).interval, how.on_sighup, [this](bool is_hangup) { look(is_hangup); }) {}

  /// Reads the files now. Throws: std::bad_alloc.
  settings_reload reload() {
    return thread_.alone([this] {
      texts_ = texts_of(current_);
      return read(true);
    });
  }

  /// How often settings were taken over, and how often refused.
  [[nodiscard]] std::uint64_t applied() const noexcept { return applied_.value(); }
  [[nodiscard]] std::uint64_t refused() const noexcept { return refused_.value(); }

 private:
  settings_watch_options const& checked(settings_watch_options const& how) {
    if (how.interval.count() < 0) {
      throw std::invalid_argument{"fapilog: option 'interval' of a settings watch is " +
                                  std::to_string(how.interval.count()) + "; it must be zero or more"};
    }
    auto const made = make_(current_);
    std::vector<std::string> names;
    auto const add = [&names](auto const& stages) {
      for (auto const& s : stages) names.push_back(s.base().name());
    };
    add(made.filters);
    add(made.enrichers);
    add(made.redactors);
    add(made.processors);
    if (std::vector<std::string> const running = runtime_.core_.stage_names(); running != names) {
      throw std::invalid_argument{"fapilog: the runtime has the stages " + list(running) +
                                  ", its settings make " + list(names) +
                                  "; give the settings watch the function that makes the runtime's options"};
    }
    return how;
  }
  static std::string list(std::vector<std::string> const& names) {
    std::string text;
    for (std::string const& name : names) text.append(text.empty() ? "" : ", ").append(name);
    return text.empty() ? "none" : text;
  }

  /// All files' contents as they are, or why they cannot be read.
  static std::vector<std::string> texts_of(settings const& s) {
    std::vector<std::string> all;
    for (std::string const& path : s.files()) {
      auto read = detail::read_whole_file(path, detail::json_tree_builder::most_bytes);
      all.push_back(read.error.empty() ? std::move(read.text) : '\0' + read.error);
    }
    return all;
  }

  void look(bool is_hangup) noexcept {
    try {
      auto texts = texts_of(current_);
      if (!is_hangup) {
        // What was refused may be mended in a file that only the refused ones name.
        if (texts == texts_ && refusal_.empty()) return;
        // A file that is being written is left until it stands still.
        if (texts != std::exchange(seen_, texts)) return;
      }
      texts_ = std::move(texts);
      (void)read(is_hangup);
    } catch (std::exception const& error) {
      runtime_.core_.diagnostics().warn("settings", "they could not be read again", error.what());
    }
  }

  /// The same refusal is told again only where somebody asked.
  settings_reload read(bool is_asked) {
    settings_reload result;
    try {
      settings next = current_.read_again();
      auto const changed = next.template changes_since<P>(current_);
      if (!changed.empty()) {
        take_over(next, changed, result);
        if (next.files() != current_.files())
          texts_.clear();  // looked at again soon: which they were is not known
        current_ = std::move(next);
        applied_.add();
      }
      refusal_.clear();
    } catch (std::bad_alloc const&) {
      throw;
    } catch (std::exception const& error) {
      result = {{}, {}, error.what()};
      if (std::exchange(refusal_, result.error) == result.error && !is_asked) return result;
      refused_.add();
      runtime_.core_.diagnostics().warn("settings", "refused; what was in force stays", result.error);
    }
    return result;
  }

  void take_over(settings const& next, std::vector<std::string> const& changed, settings_reload& result) {
    basic_options<P> made = make_(next);  // also where it is not needed: all is checked
    runtime_changes changes;
    auto const take = [&](plugin_type kind, auto& to, auto& from) {
      if (next.template entries<P>(kind) == current_.template entries<P>(kind)) return;
      to = std::move(from);
    };
    take(plugin_type::filter, changes.filters, made.filters);
    take(plugin_type::enricher, changes.enrichers, made.enrichers);
    take(plugin_type::redactor, changes.redactors, made.redactors);
    take(plugin_type::processor, changes.processors, made.processors);
    bool const same_sinks = made.sinks.size() == runtime_.core_.sink_count() &&
                            std::ranges::find(changed, "core.sinks") == changed.end();
    for (std::string const& path : changed) {
      std::string_view const group = std::string_view{path}.substr(0, path.find_first_of(".["));
      if (path == "core.log_level") {
        changes.log_level = made.log_level;
      } else if (path.starts_with("core.log_levels")) {
        changes.log_levels = made.log_levels;
      } else if (path == "core.redaction_fail_mode") {
        changes.redaction_fail_mode = made.redaction_fail_mode;
      } else if (path == "core.routing") {
        changes.routing = made.routing;
      } else if (same_sinks && group == "sink_config" && path.find(".delivery.route") != std::string::npos) {
        changes.routes.emplace();
        for (placed_sink const& s : made.sinks) changes.routes->push_back(s.delivery.route);
      } else if (!is_of_stages(path, group)) {
        result.after_restart.push_back(path);
        continue;
      }
      result.applied.push_back(path);
    }
    if (!runtime_.change(std::move(changes)))
      runtime_.core_.diagnostics().warn("settings", "the worker has not come to take them over yet");
    if (!result.applied.empty())
      runtime_.core_.diagnostics().debug("settings", "taken over", list(result.applied));
    if (!result.after_restart.empty())
      runtime_.core_.diagnostics().warn("settings", "these wait for a restart", list(result.after_restart));
  }
  static bool is_of_stages(std::string_view path, std::string_view group) {
    return std::ranges::any_of(plugin_kinds, [&](plugin_type kind) {
      return kind != plugin_type::sink &&
             (group == group_of(kind) || path.starts_with("core." + list_of(kind)));
    });
  }

  basic_runtime<P>& runtime_;
  maker make_;
  settings current_;
  std::vector<std::string> texts_;  ///< of its files, as last read
  std::vector<std::string> seen_;   ///< the same, as last looked at
  std::string refusal_;             ///< the last one, until settings are taken over
  counter applied_;
  counter refused_;
  detail::watch_thread thread_;  ///< the last member: it uses the others
};

/// For the preset chosen when compiling.
using settings_watch = basic_settings_watch<default_preset>;

}  // namespace fapilog::inline v0_1
