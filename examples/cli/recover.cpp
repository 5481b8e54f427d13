// SPDX-License-Identifier: MIT
// `fapilog recover`: lists or delivers the records that killed processes left in a kill_safe directory.
#include "all_plugins.hpp"
#include "command.hpp"
#include "preset_choice.hpp"
#include "strict_sink.hpp"

#include <fapilog/kill_safe/kept_survey.hpp>
#include <fapilog/runtime.hpp>
#include <fapilog/settings.hpp>
#include <fapilog/setup/options.hpp>
#include <fapilog/setup/preset.hpp>
#include <fapilog/setup/presets.hpp>
#include <fapilog/sinks/stdout_json.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <filesystem>
#include <iostream>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using fapilog::detail::kept_process;
using condition = kept_process::condition;

constexpr std::string_view help =
    R"(usage: fapilog recover DIRECTORY [--settings FILE [--preset NAME]]
       fapilog recover DIRECTORY --list

Delivers the records that killed processes left in a kill_safe directory, in their order, and removes
what was delivered. What living processes have there is left alone.

  --settings FILE   deliver to the sinks of this settings file, through its stages; the environment
                    variables of settings apply, too. Without it: JSON lines on standard output, as they
                    were logged, not redacted
  --preset NAME     the preset of the program that logged (default: minimal); its redactors apply
  --list            show what killed processes left, and change nothing

If a sink cannot be used, or fails for 30 seconds, the command ends, and what was not delivered stays.
Spools and circuit breakers of the settings are not used.

exit status: 0  everything was delivered (--list: everything can be)
             1  something was damaged, refused, rejected or not delivered
             2  wrong arguments or settings: nothing was done
)";

struct request {
  std::string directory;
  std::string settings;
  std::string preset{fapilog::presets::minimal.name};
  bool list = false;
};

request parse(std::span<std::string_view const> arguments) {
  request asked;
  bool has_preset = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string_view const one = arguments[i];
    auto const value = [&] {
      if (++i == arguments.size()) throw cli::usage_error{std::string{one} + " needs a value"};
      return std::string{arguments[i]};
    };
    if (one == "--list") {
      asked.list = true;
    } else if (one == "--settings") {
      asked.settings = value();
    } else if (one == "--preset") {
      asked.preset = value();
      has_preset = true;
    } else if (one.starts_with('-')) {
      throw cli::usage_error{"there is no option " + std::string{one}};
    } else if (!asked.directory.empty()) {
      throw cli::usage_error{"more than one directory: '" + asked.directory + "' and '" + std::string{one} +
                             '\''};
    } else {
      asked.directory = one;
    }
  }
  if (asked.directory.empty()) throw cli::usage_error{"DIRECTORY is missing"};
  if (!std::filesystem::is_directory(asked.directory))
    throw cli::usage_error{'\'' + asked.directory + "' is not a directory"};
  if (asked.list && !asked.settings.empty()) throw cli::usage_error{"--list uses no settings"};
  if (has_preset && asked.settings.empty()) throw cli::usage_error{"--preset needs --settings"};
  return asked;
}

/// `2026-11-28T14:03:12Z`, or `-` for 0.
std::string utc(std::int64_t unix_ns) {
  if (unix_ns == 0) return "-";
  auto const seconds = static_cast<std::time_t>(unix_ns / 1'000'000'000);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

std::string state_of(kept_process const& one) {
  if (one.is == condition::refused) return "refused: " + one.refusal + " (" + one.path + ')';
  return one.damage.empty() ? "whole" : "damaged: " + one.damage;
}

/// Prints cells in columns.
void print_table(std::vector<std::vector<std::string>> const& rows) {
  std::vector<std::size_t> widths(rows.front().size(), 0);
  for (auto const& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = (std::max)(widths[i], row[i].size());
  }
  for (auto const& row : rows) {
    std::string line;
    for (std::size_t i = 0; i + 1 < row.size(); ++i)
      line.append(row[i]).append(widths[i] - row[i].size() + 2, ' ');
    std::cout << line << row.back() << '\n';
  }
}

std::string counted(std::uint64_t n, std::string_view one, std::string_view many) {
  return std::to_string(n).append(" ").append(n == 1 ? one : many);
}

int list(std::vector<kept_process> const& all) {
  std::vector<std::vector<std::string>> rows{
      {"PROCESS", "STARTED", "LAST RECORD", "RECORDS", "BYTES", "FORMAT", "STATE"}};
  std::uint64_t records = 0;
  std::uint64_t living = 0;
  bool is_whole = true;
  for (kept_process const& one : all) {
    if (one.is == condition::living) {
      ++living;
      continue;
    }
    bool const is_known = one.is == condition::left;
    rows.push_back({one.process != 0 ? std::to_string(one.process) : "-", utc(one.started_ns),
                    utc(one.last_ns), is_known ? std::to_string(one.records) : "-",
                    is_known ? std::to_string(one.bytes) : "-",
                    one.format != 0 ? std::to_string(one.format) : "-", state_of(one)});
    records += one.records;
    is_whole = is_whole && is_known && one.damage.empty();
  }
  if (rows.size() > 1) print_table(rows);
  std::cout << counted(rows.size() - 1, "killed process", "killed processes") << " left "
            << counted(records, "record", "records") << "; "
            << counted(living, "living process", "living processes") << '\n';
  return is_whole ? cli::success : cli::failure;
}

/// Lets a sink have as many attempts as it needs: a record that is given up would be removed.
void make_strict(fapilog::placed_sink& one, cli::strict_sink::on_rejection policy) {
  fapilog::delivery_options& delivery = one.delivery;
  one.sink = cli::strict_sink{std::move(one.sink), policy};
  if (delivery.fallback) delivery.fallback = cli::strict_sink{std::move(*delivery.fallback), policy};
  delivery.retry.attempts = (std::numeric_limits<std::uint32_t>::max)();
  delivery.retry.longest_delay = std::chrono::seconds{1};
  delivery.when_queue_full = fapilog::when_queue_full::block;
  delivery.circuit_breaker.enabled = false;
  delivery.spool = {};
}

/// Runs a runtime until everything is delivered. Ends the process if there is no progress.
template <fapilog::preset const& P>
fapilog::account deliver(fapilog::basic_options<P> options, std::string const& directory) {
  options.kill_safe = {.directory = directory};
  fapilog::basic_runtime<P> rt{std::move(options)};
  for (std::uint64_t before = 0;;) {
    auto const account = rt.drain(std::chrono::seconds{60});
    if (account.complete) return account;
    std::uint64_t const done = account.submitted - account.pending;
    if (done == before) cli::abandon("no sink has taken a record", "for 60 seconds");
    before = done;
  }
}

template <fapilog::preset const& P>
fapilog::account deliver_by_settings(request const& asked) {
  auto options =
      fapilog::settings::from_file(asked.settings, cli::all_plugins()).with_environment().options<P>();
  for (auto& one : options.sinks) make_strict(one, cli::strict_sink::on_rejection::count);
  return deliver<P>(std::move(options), asked.directory);
}

fapilog::account deliver_as_asked(request const& asked) {
  using namespace fapilog::presets;
  if (asked.settings.empty()) {
    fapilog::basic_options<minimal> options{.sinks = {fapilog::sinks::stdout_json{}}};
    make_strict(options.sinks.front(), cli::strict_sink::on_rejection::abandon);
    return deliver<minimal>(std::move(options), asked.directory);
  }
  return cli::with_preset(asked.preset,
                          [&]<fapilog::preset const & P>() { return deliver_by_settings<P>(asked); });
}

int recover(std::span<std::string_view const> arguments) {
  request const asked = parse(arguments);
  auto const before = fapilog::detail::survey_kept(asked.directory);
  if (asked.list) return list(before);

  fapilog::account account;
  bool const has_some =
      std::ranges::any_of(before, [](kept_process const& one) { return one.is == condition::left; });
  if (has_some) account = deliver_as_asked(asked);

  std::uint64_t const lost = account.rejected + account.failed + account.dropped.total();
  bool is_whole = lost == 0;
  std::cerr << "fapilog recover: " << counted(account.processed, "record", "records") << " delivered";
  if (account.filtered != 0) std::cerr << ", " << account.filtered << " filtered";
  if (lost != 0)
    std::cerr << ", " << account.rejected << " rejected, " << lost - account.rejected << " failed";
  std::cerr << '\n';
  auto const complain = [&is_whole](kept_process const& one) {
    is_whole = false;
    std::cerr << "fapilog recover: process " << one.process << ": " << state_of(one) << '\n';
  };
  for (kept_process const& one : before) {
    if (one.is == condition::left && !one.damage.empty()) complain(one);
  }
  for (kept_process const& one : fapilog::detail::survey_kept(asked.directory)) {
    if (one.is != condition::living) complain(one);
  }
  return is_whole ? cli::success : cli::failure;
}

}  // namespace

namespace cli {
command const recover_command{
    "recover", "deliver the records that killed processes left", {help, {}, {}}, recover};
}
