// SPDX-License-Identifier: MIT
// `fapilog spool`: lists, prints or delivers the records that wait in the spools of sinks.
#include "all_plugins.hpp"
#include "command.hpp"
#include "preset_choice.hpp"

#include <fapilog/delivery/spool/spool_segment.hpp>
#include <fapilog/delivery/spool/spooled_batch.hpp>
#include <fapilog/detail/os/file.hpp>
#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/record/envelope.hpp>
#include <fapilog/runtime.hpp>
#include <fapilog/settings.hpp>
#include <fapilog/setup/options.hpp>
#include <fapilog/setup/preset.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <filesystem>
#include <functional>
#include <iostream>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

using fapilog::detail::spool_segment;

constexpr std::string_view help =
    R"(usage: fapilog spool list DIRECTORY [--sink NAME]
       fapilog spool print DIRECTORY [--sink NAME]
       fapilog spool replay SETTINGS [--preset NAME]

Shows or delivers the records that wait in the spools of sinks, on disk.

  list      for each file: its sink, whether its process lives, the records that are not delivered, the time
            of the oldest, and damaged bytes. Changes nothing
  print     prints these records as JSON lines, the oldest process first. Changes nothing
  replay    delivers what ended processes left in the spools of a settings file to the sinks of that file,
            as the next process of the program would, and removes what was delivered. The environment
            variables of settings apply, too. Ends when all is delivered, or when no record has been for
            60 seconds; what was not delivered stays

  --sink NAME     only the spool of this sink
  --preset NAME   the preset of the program that logged (default: minimal)

exit status: 0  done; nothing is damaged
             1  something is damaged, or was rejected or not delivered
             2  wrong arguments or settings: nothing was done
)";

/// A file of a spool.
struct spool_file {
  std::string path;
  std::string sink;
  bool is_living = false;    ///< its process runs
  std::string problem = {};  ///< why it cannot be read
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
  std::uint64_t damaged = 0;
  std::int64_t oldest_ns = 0;
};

/// `<sink>.<stream>.<number>.spool`, by stream: streams begin with their time. Empty if it is none.
std::string stream_of(std::string_view name) {
  constexpr std::size_t id_size = 36;
  constexpr std::size_t number_size = std::string_view{".0000000000.spool"}.size();
  if (!name.ends_with(".spool") || name.size() < id_size + number_size + 2) return {};
  return std::string{name.substr(name.size() - number_size - id_size)};
}

/// True if another process holds the lock of the stream.
bool is_locked(std::string const& path) {
  std::string const lock =
      path.substr(0, path.size() - std::string_view{".0000000000.spool"}.size()) + ".lock";
  auto const opened = fapilog::detail::open_file(lock, fapilog::detail::open_for::read);
  return opened.error == 0 && opened.handle.lock_exclusive() != 0;
}

/// Reads what is left in a file, and calls `use` with each batch.
spool_file survey(std::string const& path, std::string const& sink,
                  std::function<void(fapilog::batch const&)> const& use = {}) {
  spool_file found{path, sink, is_locked(path)};
  spool_segment file;
  if (!file.open(path, found.problem)) return found;
  found.bytes = file.size();
  for (auto read = file.front();; read = file.next(read.end)) {
    found.damaged += read.skipped;
    if (!read.found) {
      if (read.error != 0) found.problem = fapilog::detail::errno_text(read.error);
      break;
    }
    auto const entries = fapilog::detail::decode_batch(read.payload, read.records);
    if (entries.empty()) {
      found.damaged += read.end - read.begin;
      continue;
    }
    if (found.oldest_ns == 0) found.oldest_ns = entries[0].event.unix_ns;
    found.records += entries.size();
    if (use) use(entries);
  }
  return found;
}

/// As a spool writes the name of its sink.
std::string file_name(std::string name) {
  name.resize((std::min)(name.size(), std::size_t{64}));
  for (char& c : name) {
    if (!fapilog::detail::is_ascii_alphanumeric(c) && c != '_') c = '-';
  }
  return name;
}

std::vector<spool_file> survey_all(std::string const& directory, std::string const& sink,
                                   std::function<void(fapilog::batch const&)> const& use = {}) {
  std::vector<std::pair<std::string, std::string>> names;  // by stream, so that the oldest process is first
  for (auto const& item : std::filesystem::directory_iterator{directory}) {
    std::string const name = item.path().filename().string();
    std::string const stream = stream_of(name);
    std::string const owner =
        stream.empty() ? std::string{} : name.substr(0, name.size() - stream.size() - 1);
    if (!stream.empty() && (sink.empty() || file_name(sink) == owner)) names.emplace_back(stream, owner);
  }
  std::ranges::sort(names);
  std::vector<spool_file> all;
  for (auto const& [stream, owner] : names) {
    std::string path{directory};
    path.append("/").append(owner).append(".").append(stream);
    all.push_back(survey(path, owner, use));
  }
  return all;
}

bool is_damaged(spool_file const& one) { return one.damaged != 0 || !one.problem.empty(); }

std::string utc(std::int64_t unix_ns) {
  if (unix_ns == 0) return "-";
  auto const seconds = static_cast<std::time_t>(unix_ns / 1'000'000'000);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

std::string state_of(spool_file const& one) {
  if (!one.problem.empty()) return "unreadable: " + one.problem;
  std::string state = one.is_living ? "in use" : "left";
  if (one.damaged != 0) state += ", " + std::to_string(one.damaged) + " bytes damaged";
  return state;
}

int list(std::string const& directory, std::string const& sink) {
  std::vector<std::vector<std::string>> rows{{"SINK", "RECORDS", "OLDEST", "BYTES", "STATE", "FILE"}};
  std::uint64_t records = 0;
  bool is_whole = true;
  for (spool_file const& one : survey_all(directory, sink)) {
    rows.push_back({one.sink, std::to_string(one.records), utc(one.oldest_ns), std::to_string(one.bytes),
                    state_of(one), std::filesystem::path{one.path}.filename().string()});
    records += one.records;
    is_whole = is_whole && !is_damaged(one);
  }
  std::vector<std::size_t> widths(rows.front().size(), 0);
  for (auto const& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = (std::max)(widths[i], row[i].size());
  }
  for (auto const& row : rows) {
    if (rows.size() == 1) break;
    for (std::size_t i = 0; i + 1 < row.size(); ++i)
      std::cout << row[i] << std::string(widths[i] - row[i].size() + 2, ' ');
    std::cout << row.back() << '\n';
  }
  std::cout << rows.size() - 1 << (rows.size() == 2 ? " file with " : " files with ") << records
            << (records == 1 ? " record" : " records") << " that wait\n";
  return is_whole ? cli::success : cli::failure;
}

int print(std::string const& directory, std::string const& sink) {
  fapilog::detail::envelope_writer writer;
  fapilog::detail::text_buffer text;
  auto const all = survey_all(directory, sink, [&](fapilog::batch const& entries) {
    for (fapilog::entry const& e : entries) {
      text.clear();
      if (e.json.empty()) writer.put(text, e.event);  // of a sink that needs none
      std::cout << (e.json.empty() ? text.view() : e.json) << '\n';
    }
  });
  std::cout.flush();
  bool is_whole = std::cout.good();
  for (spool_file const& one : all) {
    if (!is_damaged(one)) continue;
    is_whole = false;
    std::cerr << "fapilog spool: " << one.path << ": " << state_of(one) << '\n';
  }
  return is_whole ? cli::success : cli::failure;
}

/// Runs the runtime of the settings until the files that ended processes left are gone.
template <fapilog::preset const& P>
int replay(std::string const& settings) {
  auto options = fapilog::settings::from_file(settings, cli::all_plugins()).with_environment().options<P>();
  std::set<std::pair<std::string, std::string>> spools;  // directory and sink
  for (auto const& one : options.sinks) {
    if (!one.delivery.spool.directory.empty()) spools.emplace(one.delivery.spool.directory, one.sink.name());
  }
  if (spools.empty())
    throw cli::usage_error{"no sink in " + settings + " has a spool (delivery.spool.directory)"};
  std::vector<spool_file> left;
  std::uint64_t records = 0;
  for (auto const& [directory, sink] : spools) {
    if (!std::filesystem::is_directory(directory)) continue;
    for (spool_file& one : survey_all(directory, sink)) {
      if (one.is_living || !one.problem.empty()) continue;
      records += one.records;
      left.push_back(std::move(one));
    }
  }
  fapilog::basic_runtime<P> rt{std::move(options)};
  auto const delivered = [&rt] {
    std::uint64_t sum = 0;
    for (auto const& [name, counts] : rt.sink_counts()) sum += counts.recovered;
    return sum;
  };
  auto const is_gone = [](spool_file const& one) { return !std::filesystem::exists(one.path); };
  auto last_progress = std::chrono::steady_clock::now();
  for (std::uint64_t before = 0; !std::ranges::all_of(left, is_gone);) {
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
    std::uint64_t const now = delivered();
    if (now != before) last_progress = std::chrono::steady_clock::now();
    if (std::chrono::steady_clock::now() - last_progress > std::chrono::seconds{60}) break;
    before = now;
  }
  (void)rt.drain(std::chrono::seconds{10});
  std::uint64_t const done = delivered();
  std::cerr << "fapilog spool: " << done << " of " << records << " records delivered\n";
  bool is_whole = done >= records;
  for (spool_file const& one : left) {
    is_whole = is_whole && one.damaged == 0;
    if (one.damaged != 0) std::cerr << "fapilog spool: " << one.path << ": " << state_of(one) << '\n';
    if (!is_gone(one)) std::cerr << "fapilog spool: " << one.path << " stays: not all of it was delivered\n";
  }
  return is_whole ? cli::success : cli::failure;
}

int spool(std::span<std::string_view const> arguments) {
  std::string_view const what = arguments.empty() ? "" : arguments.front();
  if (what != "list" && what != "print" && what != "replay")
    throw cli::usage_error{"write list, print or replay, not '" + std::string{what} + '\''};
  std::string_view const option = what == "replay" ? "--preset" : "--sink";
  std::string place;
  std::string value;
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    std::string const one{arguments[i]};
    if (one == option) {
      if (++i == arguments.size()) throw cli::usage_error{one + " needs a value"};
      value = arguments[i];
    } else if (one.starts_with('-')) {
      throw cli::usage_error{"there is no option " + one};
    } else if (!place.empty()) {
      throw cli::usage_error{"more than one path: '" + place + "' and '" + one + '\''};
    } else {
      place = one;
    }
  }
  if (what == "replay") {
    if (place.empty()) throw cli::usage_error{"SETTINGS is missing"};
    if (value.empty()) value = fapilog::presets::minimal.name;
    return cli::with_preset(value, [&]<fapilog::preset const & P>() { return replay<P>(place); });
  }
  if (place.empty()) throw cli::usage_error{"DIRECTORY is missing"};
  if (!std::filesystem::is_directory(place)) throw cli::usage_error{'\'' + place + "' is not a directory"};
  return what == "list" ? list(place, value) : print(place, value);
}

}  // namespace

namespace cli {
command const spool_command{
    "spool", "list, print or deliver the records that wait in spools", {help, {}, {}}, spool};
}
