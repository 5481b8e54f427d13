// SPDX-License-Identifier: MIT
// Reloads settings files while a runtime runs: levels, stages and routes follow them, an invalid file is refused.
#pragma once

#include <fapilog/config/json_tree.hpp>
#include <fapilog/detail/os/watch_thread.hpp>
#include <fapilog/detail/os/whole_file.hpp>
#include <fapilog/detail/settings/setting_check.hpp>
#include <fapilog/detail/settings/setting_type.hpp>
#include <fapilog/metrics/metric.hpp>
#include <fapilog/runtime.hpp>
#include <fapilog/setting.hpp>
#include <fapilog/settings.hpp>
#include <fapilog/settings/core_lists.hpp>
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
  /// How often the files are checked; 0: never. They are reloaded when two checks have seen the same change.
  std::chrono::milliseconds interval = std::chrono::seconds{1};
  /// Also reloads the files at each SIGHUP, and then lets the sinks open their files again (`basic_runtime::reopen`). A
  /// handler that was installed before is called, too.
  bool on_sighup = false;

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    visit(setting{.name = "interval", .text = "How often the files are checked; 0: never.", .min = 0},
          self.interval);
    visit(setting{.name = "on_sighup", .text = "Also reloads the files at each SIGHUP."}, self.on_sighup);
  }
};

/// The result of a reload.
struct settings_reload {
  /// Paths of the settings that took effect, such as `core.log_level`.
  std::vector<std::string> applied = {};
  /// Paths of the settings that take effect after a restart.
  std::vector<std::string> after_restart = {};
  /// Why nothing was changed; empty on success.
  std::string error = {};

  [[nodiscard]] bool is_refused() const noexcept { return !error.empty(); }
};

/// Makes a runtime follow its settings files:
///
///     auto const chosen = fapilog::settings::from_file("fapilog.json").with_environment();
///     fapilog::runtime rt{chosen.options()};
///     fapilog::settings_watch const watch{rt, chosen, {.on_sighup = true}};
///
/// Levels, filters, enrichers, redactors, processors, `redaction_fail_mode`, `routing` and the routes of sinks take effect,
/// all at once between two batches; a kind of stages without a change keeps its state. The redactors of the preset stay.
/// Any other changed setting is reported as waiting for a restart. Invalid settings are refused as a whole and reported in
/// diagnostics, and the previous settings stay in effect.
/// Destroy it before its runtime; it does nothing in a forked child. Thread: the members any; construction and destruction
/// one.
template <preset const& P>
class basic_settings_watch {
 public:
  /// Makes the options of a runtime, as the program does at its start, including what it adds in code.
  using maker = std::function<basic_options<P>(settings const&)>;

  /// `chosen` are the settings from which the runtime was made. Throws: std::invalid_argument for a runtime whose stages
  /// differ from those that `make` makes; settings_error; std::system_error if there is no thread or descriptor.
  basic_settings_watch(
      basic_runtime<P>& rt, settings chosen, settings_watch_options how = {},
      maker make = [](settings const& s) { return s.template options<P>(); })
      : runtime_(rt),
        make_(std::move(make)),
        current_(std::move(chosen)),
        thread_(checked(how).interval, how.on_sighup, [this](bool is_hangup) { look(is_hangup); }) {}

  /// Reloads the files now. Refused if it is called during a reload by what the reload calls: the function that makes the
  /// options, or the output of diagnostics. Throws: std::bad_alloc.
  settings_reload reload() {
    return thread_.alone(
        [this] {
          texts_ = texts_of(current_);
          return read(true);
        },
        settings_reload{{}, {}, "a reload is in progress on this thread"});
  }

  /// Number of reloads that took effect, and of those that were refused.
  [[nodiscard]] std::uint64_t applied() const noexcept { return applied_.value(); }
  [[nodiscard]] std::uint64_t refused() const noexcept { return refused_.value(); }

 private:
  settings_watch_options const& checked(settings_watch_options const& how) {
    check_settings("settings_watch", how);
    auto const made = make_(current_);
    std::vector<std::string> names;
    auto const add = [&names](auto const& stages) {
      for (auto const& s : stages) names.push_back(s.base().name());
    };
    add(made.filters);
    add(made.enrichers);
    add(detail::with_preset_redactors<P>(made.preset_redactors, made.redactors));
    add(made.processors);
    if (std::vector<std::string> const running = runtime_.stage_names(); running != names) {
      throw std::invalid_argument{
          "fapilog: the runtime has the stages " + list(running) + ", its settings make " + list(names) +
          "; pass the function that makes the runtime's options to the settings watch"};
    }
    return how;
  }
  static std::string list(std::vector<std::string> const& names) {
    std::string text;
    for (std::string const& name : names) text.append(text.empty() ? "" : ", ").append(name);
    return text.empty() ? "none" : text;
  }

  /// The contents of all files, or why they cannot be read.
  static std::vector<std::string> texts_of(settings const& s) {
    std::vector<std::string> all;
    for (std::string const& path : s.files()) {
      auto read = detail::read_whole_file(path, detail::json_tree_builder::max_bytes);
      all.push_back(read.error.empty() ? std::move(read.text) : '\0' + read.error);
    }
    return all;
  }

  void look(bool is_hangup) noexcept {
    if (is_hangup) reopen_sinks();
    try {
      auto texts = texts_of(current_);
      if (!is_hangup) {
        // Refused settings may be corrected in a file that only they name.
        if (texts == texts_ && refusal_.empty()) return;
        // A file that is still being written is read later.
        if (texts != std::exchange(seen_, texts)) return;
      }
      texts_ = std::move(texts);
      (void)read(is_hangup);
    } catch (std::exception const& error) {
      texts_.clear();  // so that the next checks try again
      runtime_.diagnostics().warn("settings", "could not be read again", error.what());
    }
  }
  void reopen_sinks() noexcept {
    try {
      runtime_.reopen();
    } catch (std::exception const& error) {
      runtime_.diagnostics().warn("settings", "a sink could not be opened again", error.what());
    } catch (...) {
      runtime_.diagnostics().warn("settings", "a sink could not be opened again",
                                  "not derived from std::exception");
    }
  }

  /// Reports the same refusal again only if the reload was requested.
  settings_reload read(bool is_requested) {
    settings_reload result;
    try {
      settings next = current_.read_again();
      auto const changed = next.template changes_since<P>(current_);
      if (!changed.empty()) {
        apply(next, changed, result);
        if (next.files() != current_.files())
          texts_.clear();  // the contents that were read are unknown, so the next check reads them again
        current_ = std::move(next);
        applied_.add();
      }
      refusal_.clear();
    } catch (std::bad_alloc const&) {
      throw;
    } catch (std::exception const& error) {
      refuse(result, error.what(), is_requested);
    } catch (...) {
      refuse(result,
             "the function that makes the options threw something that is not derived from std::exception",
             is_requested);
    }
    return result;
  }
  void refuse(settings_reload& result, char const* reason, bool is_requested) {
    result = {{}, {}, reason};
    if (std::exchange(refusal_, result.error) == result.error && !is_requested) return;
    runtime_.diagnostics().warn("settings", "refused; the previous settings stay in effect", result.error);
    refused_.add();
  }

  void apply(settings const& next, std::vector<std::string> const& changed, settings_reload& result) {
    basic_options<P> made = make_(next);  // checks everything, even if nothing of it is needed
    runtime_changes changes;
    changes.changed_by = "settings";
    auto const take = [&](plugin_type kind, auto& to, auto& from) {
      if (next.template entries<P>(kind) == current_.template entries<P>(kind)) return;
      to = std::move(from);
    };
    take(plugin_type::filter, changes.filters, made.filters);
    take(plugin_type::enricher, changes.enrichers, made.enrichers);
    take(plugin_type::redactor, changes.redactors, made.redactors);
    take(plugin_type::processor, changes.processors, made.processors);
    bool const same_sinks = made.sinks.size() == runtime_.health().size() &&
                            std::ranges::find(changed, "core.sinks") == changed.end();
    for (std::string const& path : changed) {
      bool const is_route = path.find(".delivery.route") != std::string::npos;
      bool const takes_effect = is_reloadable(made, path) && (!is_route || same_sinks);
      (takes_effect ? result.applied : result.after_restart).push_back(path);
    }
    for (std::string const& path : result.applied) {
      if (path == "core.log_level") changes.log_level = made.log_level;
      if (path.starts_with("core.log_levels")) changes.log_levels = made.log_levels;
      if (path == "core.redaction_fail_mode") changes.redaction_fail_mode = made.redaction_fail_mode;
      if (path == "core.routing") changes.routing = made.routing;
      if (path.starts_with("sink_config.")) {
        changes.routes.emplace();
        for (placed_sink const& s : made.sinks) changes.routes->push_back(s.delivery.route);
      }
    }
    if (!runtime_.change(std::move(changes)))
      runtime_.diagnostics().warn("settings", "the worker has not applied them yet");
    if (!result.applied.empty()) runtime_.diagnostics().debug("settings", "applied", list(result.applied));
    if (!result.after_restart.empty())
      runtime_.diagnostics().warn("settings", "these take effect after a restart",
                                  list(result.after_restart));
  }
  /// True if the declaration of the setting says so, and for all settings of stages.
  static bool is_reloadable(basic_options<P> const& made, std::string_view path) {
    std::string_view const group = path.substr(0, path.find('.'));
    if (group == "sink_config") return path.find(".delivery.route") != std::string_view::npos;
    if (group != "core") {
      return std::ranges::any_of(detail::plugin_kinds,
                                 [&](plugin_type kind) { return group == detail::group_of(kind); });
    }
    std::string_view const rest = path.substr(group.size() + 1);
    std::string_view const name = rest.substr(0, rest.find_first_of(".["));
    detail::core_lists const lists;
    auto const declares = [name](std::vector<detail::setting_member> const& members) {
      return std::ranges::any_of(members, [name](detail::setting_member const& member) {
        return member.row.name == name && member.row.reloadable;
      });
    };
    return declares(detail::members_of(&made, detail::setting_type_of<basic_options<P>>)) ||
           declares(detail::members_of(&lists, detail::setting_type_of<detail::core_lists>));
  }

  basic_runtime<P>& runtime_;
  maker make_;
  settings current_;
  std::vector<std::string> texts_;  ///< of its files, as last read
  std::vector<std::string> seen_;   ///< the same, as last checked
  std::string refusal_;             ///< the last one, until settings take effect
  counter applied_;
  counter refused_;
  detail::watch_thread thread_;  ///< the last member: it uses the others
};

/// For the preset chosen at compile time.
using settings_watch = basic_settings_watch<detail::default_preset>;

}  // namespace fapilog::inline v0_1
