// SPDX-License-Identifier: MIT
// Runs one scenario with one logger once: `bench_<logger> <scenario> <config> <arguments>`; run.sh interleaves the runs.
#include BENCH_ADAPTER

#include "measure.hpp"

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

namespace bench {
namespace {

constexpr std::size_t calls_of_burst = 20;

struct arguments {
  std::string scenario;
  std::string config;
  std::string message = "json";
  int producers = 1;
  bool pinned = false;
  std::size_t gap_ms = 20;  ///< time between two bursts in `rhythm`
  std::size_t burst = 1;    ///< calls of a burst in `rhythm`
  bool busy = false;        ///< `rhythm` beside a niced process for each processor
  std::size_t count = 0;
  std::string folder = "/dev/shm";
};

std::string output_path(arguments const& a) {
  return a.folder + "/fapilog-bench-" + std::string{adapter::name} + "-" + std::to_string(::getpid());
}
double file_size(std::string const& path) {
  struct stat s {};
  return ::stat(path.c_str(), &s) == 0 ? static_cast<double>(s.st_size) : 0;
}

/// Logs one of the three messages; `i` varies the values.
class caller {
 public:
  caller(adapter& log, std::string const& message)
      : log_(log),
        kind_(message == "num"   ? 0
              : message == "str" ? 1
                                 : 2) {
    data_.text.push_back('7');
  }
  void operator()(std::size_t i) {
    double const c = static_cast<double>(i % 100'000) * 1.37;
    if (kind_ == 0) return log_.num(i, i * 2, c);
    if (kind_ == 1) return log_.str(data_.text, i, c);
    log_.json(data_.user, static_cast<int>(200 + i % 8), c, data_.path);
  }

 private:
  adapter& log_;
  int kind_;
  values data_;
};

/// Bursts of 20 calls, 1 to 1.4 ms apart, as the threads of a server log. Half of the bursts are timed as a whole, in the
/// other half each call is timed.
void call_latency(arguments const& a) {
  if (a.pinned) run_on(processors() - 1, processors() - 1);
  std::string const path = output_path(a);
  samples by_burst;
  samples by_call;
  {
    adapter log{{a.config, path, a.message == "json" && adapter::writes_json, true, nullptr}};
    if (a.pinned) run_on(0, 0);
    std::vector<samples> bursts(static_cast<std::size_t>(a.producers));
    std::vector<samples> calls(static_cast<std::size_t>(a.producers));
    (void)ns_per_tick();
    auto const produce = [&](std::size_t thread) {
      log.prepare_thread();
      caller call{log, a.message};
      std::size_t const rounds = a.count == 0 ? 800 : a.count;
      bursts[thread].reserve(rounds);
      calls[thread].reserve(rounds * calls_of_burst);
      std::uint32_t random = 12'345 + static_cast<std::uint32_t>(thread);
      std::size_t n = 0;
      for (std::size_t round = 0; round < rounds; ++round) {
        random = random * 1'664'525 + 1'013'904'223;
        std::chrono::nanoseconds const gap{1'000'000 + (random >> 8) % 400'000};
        // Two spinning producers and a spinning backend do not fit on two processors.
        if (a.producers == 1) {
          spin_for(gap);
        } else {
          sleep_for(gap);
        }
        if (round % 2 == 0) {
          std::uint64_t const begin = ticks();
          for (std::size_t i = 0; i < calls_of_burst; ++i) call(n++);
          bursts[thread].add(static_cast<double>(ticks() - begin) * ns_per_tick() / calls_of_burst);
        } else {
          std::uint64_t begin = ticks();
          for (std::size_t i = 0; i < calls_of_burst; ++i) {
            call(n++);
            std::uint64_t const end = ticks();
            calls[thread].add(static_cast<double>(end - begin) * ns_per_tick());
            begin = end;
          }
        }
      }
    };
    std::vector<std::thread> others;
    for (int t = 1; t < a.producers; ++t) others.emplace_back(produce, static_cast<std::size_t>(t));
    produce(0);
    for (auto& t : others) t.join();
    log.flush();
    for (auto const& s : bursts) by_burst.add(s);
    for (auto const& s : calls) by_call.add(s);
  }
  ::unlink(path.c_str());
  report const out{adapter::name, a.config, "call_latency",
                   a.message + ' ' + std::to_string(a.producers) + (a.pinned ? " pinned" : " free")};
  out("burst_p50_ns", by_burst.percentile(0.5));
  out("burst_p90_ns", by_burst.percentile(0.9));
  out("burst_p99_ns", by_burst.percentile(0.99));
  out("call_p50_ns", by_call.percentile(0.5));
  out("call_p99_ns", by_call.percentile(0.99));
  out("call_p999_ns", by_call.percentile(0.999));
}

/// Logs records as fast as possible, until all are in a file on tmpfs.
void throughput(arguments const& a) {
  std::string const path = output_path(a);
  std::size_t const count = a.count == 0 ? 2'000'000 : a.count;
  double total = 0;
  double enqueue = 0;
  usage spent;
  {
    adapter log{{a.config, path, a.message == "json" && adapter::writes_json, true, nullptr}};
    std::atomic<bool> go{false};
    std::atomic<int> ready{0};
    auto const produce = [&](std::size_t records) {
      log.prepare_thread();
      caller call{log, a.message};
      ++ready;
      while (!go) std::this_thread::yield();
      for (std::size_t i = 0; i < records; ++i) call(i);
    };
    std::vector<std::thread> all;
    for (int t = 0; t < a.producers; ++t) {
      all.emplace_back(produce, count / static_cast<std::size_t>(a.producers));
    }
    while (ready < a.producers) std::this_thread::yield();
    usage const before = used();
    auto const begin = clock::now();
    go = true;
    for (auto& t : all) t.join();
    enqueue = std::chrono::duration<double, std::nano>(clock::now() - begin).count();
    log.flush();
    total = std::chrono::duration<double, std::nano>(clock::now() - begin).count();
    usage const after = used();
    spent = {after.cpu_ns - before.cpu_ns, after.voluntary_switches - before.voluntary_switches};
  }
  auto const per = static_cast<double>(count);
  report const out{adapter::name, a.config, "throughput", a.message + ' ' + std::to_string(a.producers)};
  out("total_ns", total / per);
  out("enqueue_ns", enqueue / per);
  out("cpu_ns", spent.cpu_ns / per);
  out("switches", spent.voluntary_switches / per);
  out("bytes", file_size(path) / per);
  out("peak_rss_mb", status_bytes("VmHWM:") / 1e6);
  ::unlink(path.c_str());
}

/// The slowest call of a burst, with the logger's default for a full queue.
void worst_call(arguments const& a) {
  std::string const path = output_path(a);
  std::size_t const count = a.count == 0 ? 2'000'000 : a.count;
  double worst = 0;
  samples calls;
  rusage before{};
  rusage after{};
  {
    adapter log{{a.config, path, a.message == "json" && adapter::writes_json, false, nullptr}};
    log.prepare_thread();
    caller call{log, a.message};
    call(0);
    log.flush();
    calls.reserve(count);
    for (std::size_t i = 0; i < count; ++i) calls.add(0);
    calls.clear();
    (void)ns_per_tick();
    ::getrusage(RUSAGE_THREAD, &before);
    std::uint64_t begin = ticks();
    for (std::size_t i = 0; i < count; ++i) {
      call(i);
      std::uint64_t const end = ticks();
      auto const took = static_cast<double>(end - begin) * ns_per_tick();
      worst = std::max(worst, took);
      calls.add(took);
      begin = ticks();
    }
    ::getrusage(RUSAGE_THREAD, &after);
    log.flush();
  }
  report const out{adapter::name, a.config, "worst_call", a.message};
  out("worst_us", worst / 1e3);
  out("p50_ns", calls.percentile(0.5));
  out("p9999_us", calls.percentile(0.9999) / 1e3);
  out("caller_page_faults", static_cast<double>(after.ru_minflt - before.ru_minflt));
  out("peak_rss_mb", status_bytes("VmHWM:") / 1e6);
  out("written_bytes", file_size(path));
  ::unlink(path.c_str());
}

std::atomic<std::uint64_t> seen_at{0};
std::atomic<std::uint64_t> taken{0};
void note_time() { seen_at.store(ticks(), std::memory_order_release); }
void note_first_time() {
  if (seen_at.load(std::memory_order_relaxed) == 0) note_time();
}
void take_three_microseconds() {
  spin_for(std::chrono::microseconds{3});
  taken.fetch_add(1, std::memory_order_relaxed);
}
std::atomic<bool> released{false};
void hang() { released.wait(false); }

/// A program that logs a burst, then sleeps: what the calls cost, when a sink has the first record of a burst, and what the
/// whole process costs.
void rhythm(arguments const& a) {
  if constexpr (adapter::custom_sink) {
    std::size_t const bursts = a.count == 0 ? std::max<std::size_t>(20, 2'000 / a.gap_ms) : a.count;
    samples first;
    samples all;
    samples visible;
    usage spent;
    double seconds = 0;
    {
      busy_processes const others{a.busy ? processors() : 0};
      adapter log{{a.config, output_path(a), true, true, &note_first_time}};
      log.prepare_thread();
      caller call{log, a.message};
      (void)ns_per_tick();
      std::size_t n = 0;
      std::uint64_t began = 0;
      auto const pass = [&](bool counts) {
        seen_at = 0;
        began = ticks();
        std::uint64_t begin = began;
        for (std::size_t i = 0; i < a.burst; ++i) {
          call(n++);
          std::uint64_t const end = ticks();
          double const took = static_cast<double>(end - begin) * ns_per_tick();
          if (counts) all.add(took);
          if (counts && i == 0) first.add(took);
          begin = end;
        }
        auto const give_up = clock::now() + std::chrono::seconds{2};
        do sleep_for(std::chrono::milliseconds{a.gap_ms});
        while (seen_at.load(std::memory_order_acquire) == 0 && clock::now() < give_up);
      };
      for (int i = 0; i < 5; ++i) pass(false);  // the rhythm begins
      usage const before = used();
      auto const start = clock::now();
      for (std::size_t i = 0; i < bursts; ++i) {
        pass(true);
        visible.add(static_cast<double>(seen_at.load() - began) * ns_per_tick());
      }
      seconds = std::chrono::duration<double>(clock::now() - start).count();
      usage const after = used();
      spent = {after.cpu_ns - before.cpu_ns, after.voluntary_switches - before.voluntary_switches};
    }
    report const out{adapter::name, a.config, "rhythm",
                     std::to_string(a.gap_ms) + " ms x " + std::to_string(a.burst) + (a.busy ? " busy" : "")};
    out("first_p50_ns", first.percentile(0.5));
    out("first_p99_ns", first.percentile(0.99));
    out("call_p50_ns", all.percentile(0.5));
    out("call_p99_ns", all.percentile(0.99));
    out("call_p999_ns", all.percentile(0.999));
    out("sink_p50_us", visible.percentile(0.5) / 1e3);
    out("sink_p99_us", visible.percentile(0.99) / 1e3);
    out("cpu_ms_per_s", spent.cpu_ns / 1e6 / seconds);
    out("switches_per_s", spent.voluntary_switches / seconds);
  }
}

/// Threads that exist already and then log once: what that adds to the memory of the process.
void threads(arguments const& a) {
  std::string const path = output_path(a);
  std::size_t const count = a.count == 0 ? 2'000 : a.count;
  struct memory {
    double resident = status_bytes("VmRSS:");
    double mapped = status_bytes("VmSize:");
  };
  memory before;
  memory after;
  {
    adapter log{{a.config, path, a.message == "json" && adapter::writes_json, true, nullptr}};
    caller{log, a.message}(0);
    log.flush();
    small_threads all{count, [&](std::size_t i) { caller{log, a.message}(i); }};
    before = {};
    all.run();
    log.flush();
    after = {};
  }
  ::unlink(path.c_str());
  report const out{adapter::name, a.config, "threads", std::to_string(count)};
  auto const per = static_cast<double>(count) * 1024;
  out("rss_kib_per_thread", (after.resident - before.resident) / per);
  out("mapped_kib_per_thread", (after.mapped - before.mapped) / per);
}

/// A call every 5 ms, until its record is in the file. Gives up after two seconds on a logger that keeps lines back.
void isolated_file(arguments const& a) {
  std::string const path = output_path(a);
  samples visible;
  bool gave_up = false;
  {
    adapter log{{a.config, path, a.message == "json" && adapter::writes_json, true, nullptr}};
    log.prepare_thread();
    caller call{log, a.message};
    std::size_t const count = a.count == 0 ? 200 : a.count;
    call(0);
    log.flush();
    for (std::size_t i = 0; i < count && !gave_up; ++i) {
      sleep_for(std::chrono::milliseconds{5});
      double const before = file_size(path);
      std::uint64_t const begin = ticks();
      call(i);
      auto const limit = clock::now() + std::chrono::seconds{2};
      while (file_size(path) == before && !gave_up) gave_up = clock::now() >= limit;
      double const took = static_cast<double>(ticks() - begin) * ns_per_tick();
      visible.add(took);
      if (took > 5e7 && i >= 10) break;
    }
  }
  ::unlink(path.c_str());
  report const out{adapter::name, a.config, "isolated_file", a.message};
  out("file_p50_us", gave_up ? 2e6 : visible.percentile(0.5) / 1e3);
  if (!gave_up) out("file_p99_us", visible.percentile(0.99) / 1e3);
}

/// A logger that has logged before and is idle.
void idle(arguments const& a) {
  std::string const path = output_path(a);
  double const seconds = a.count == 0 ? 5 : static_cast<double>(a.count);
  usage spent;
  {
    adapter log{{a.config, path, a.message == "json" && adapter::writes_json, true, nullptr}};
    log.prepare_thread();
    caller call{log, a.message};
    for (std::size_t i = 0; i < 100; ++i) call(i);
    log.flush();
    sleep_for(std::chrono::milliseconds{500});
    usage const before = used();
    sleep_for(std::chrono::nanoseconds{static_cast<std::int64_t>(seconds * 1e9)});
    usage const after = used();
    spent = {after.cpu_ns - before.cpu_ns, after.voluntary_switches - before.voluntary_switches};
  }
  ::unlink(path.c_str());
  report const out{adapter::name, a.config, "idle", a.message};
  out("cpu_ms_per_s", spent.cpu_ns / 1e6 / seconds);
  // One of them is the sleep of the measuring thread.
  out("switches_per_s", (spent.voluntary_switches - 1) / seconds);
}

/// A sink that takes 3 us per record, or hangs: its effect on callers and memory.
void slow_sink(arguments const& a, bool hangs) {
  if constexpr (adapter::custom_sink) {
    std::size_t const count = a.count == 0 ? 300'000 : a.count;
    double worst = 0;
    double total = 0;
    double peak = 0;
    {
      adapter log{{a.config, output_path(a), true, false, hangs ? &hang : &take_three_microseconds}};
      log.prepare_thread();
      caller call{log, "json"};
      (void)ns_per_tick();
      // The sink returns after two seconds, because a logger that blocks would never return.
      std::thread watch{[hangs] {
        if (!hangs) return;
        sleep_for(std::chrono::seconds{2});
        released = true;
        released.notify_all();
      }};
      std::uint64_t const first = ticks();
      for (std::size_t i = 0; i < count; ++i) {
        std::uint64_t const begin = ticks();
        call(i);
        worst = std::max(worst, static_cast<double>(ticks() - begin) * ns_per_tick());
      }
      total = static_cast<double>(ticks() - first) * ns_per_tick();
      peak = status_bytes("VmHWM:");
      watch.join();
      released = true;
      released.notify_all();
      log.flush();
    }
    report const out{adapter::name, a.config, hangs ? "hanging_sink" : "slow_sink", "json"};
    out("worst_us", worst / 1e3);
    out("enqueue_ns", total / static_cast<double>(count));
    out("peak_rss_mb", peak / 1e6);
    if (!hangs) out("taken_share", static_cast<double>(taken.load()) / static_cast<double>(count));
  }
}

/// 200,000 calls per second, alternating every tenth of a second between a file alone and a file next to a sink that hangs,
/// one that throws and one that takes 3 ms per record: the cost of a call, and the records missing in the file.
template <class Log>
void bad_neighbours(arguments const& a) {
  if constexpr (requires { Log::neighbours; }) {
    constexpr std::size_t warm_up = 4'000;
    constexpr std::size_t timed = 20'000;
    std::size_t const rounds = a.count == 0 ? 40 : a.count;
    std::string const path = output_path(a);
    samples cost[2];
    double missing = 0;
    for (samples& s : cost) s.reserve(rounds * timed);
    (void)ns_per_tick();
    for (std::size_t turn = 0; turn < 2 * rounds; ++turn) {
      std::size_t const beside = (turn + turn / 2) % 2;  // alone, beside, beside, alone, ...
      Log log{{a.config, path, true, true, nullptr, beside == 1}};
      log.prepare_thread();
      caller call{log, "json"};
      auto next = clock::now();
      for (std::size_t i = 0; i < warm_up + timed; ++i) {
        if (i % calls_of_burst == 0) {
          while (clock::now() < next) {
          }
          next += std::chrono::microseconds{5} * calls_of_burst;
        }
        std::uint64_t const begin = ticks();
        call(i);
        if (i >= warm_up) cost[beside].add(static_cast<double>(ticks() - begin) * ns_per_tick());
      }
      constexpr std::size_t all = warm_up + timed + 1;
      auto const give_up = clock::now() + std::chrono::seconds{10};
      while (log.in_file() < all && clock::now() < give_up) sleep_for(std::chrono::milliseconds{1});
      missing += static_cast<double>(all - log.in_file());
      log.let_neighbours_go();
      ::unlink(path.c_str());
    }
    report const out{adapter::name, a.config, "bad_neighbours", a.message};
    for (auto const& [name, share] : {std::pair{"p50", 0.5}, std::pair{"p99", 0.99}}) {
      double const alone = cost[0].percentile(share);
      double const beside = cost[1].percentile(share);
      out(std::string{"alone_"} + name + "_ns", alone);
      out(std::string{"beside_"} + name + "_ns", beside);
      out(std::string{name} + "_ratio", beside / alone);
    }
    out("missing_in_file", missing);
    out("peak_rss_mb", status_bytes("VmHWM:") / 1e6);
  }
}

arguments parse(int argc, char** argv) {
  arguments a;
  if (argc < 3) throw std::invalid_argument{"at least two arguments are needed"};
  a.scenario = argv[1];
  a.config = argv[2];
  bool known = false;
  for (std::string_view const config : adapter::configs) known = known || config == a.config;
  if (!known) throw std::invalid_argument{"unknown configuration '" + a.config + "'"};
  for (int i = 3; i < argc; ++i) {
    std::string_view const text = argv[i];
    auto const is = [text](std::string_view key) { return text.starts_with(key); };
    std::string const value{text.substr(text.find('=') + 1)};
    if (is("message=")) a.message = value;
    else if (is("producers=")) a.producers = std::stoi(value);
    else if (is("count=")) a.count = std::stoul(value);
    else if (is("folder=")) a.folder = value;
    else if (is("gap=")) a.gap_ms = std::stoul(value);
    else if (is("burst=")) a.burst = std::stoul(value);
    else if (text == "pinned") a.pinned = true;
    else if (text == "busy") a.busy = true;
    else throw std::invalid_argument{"unknown argument '" + std::string{text} + "'"};
  }
  return a;
}

int run(int argc, char** argv) {
  if (argc == 2 && std::string_view{argv[1]} == "about") {
    std::printf("%.*s %s", static_cast<int>(adapter::name.size()), adapter::name.data(),
                adapter::version().c_str());
    for (char const* config : adapter::configs) std::printf(" %s", config);
    std::printf("\n");
    return 0;
  }
  arguments const a = parse(argc, argv);
  if (a.scenario == "call_latency") call_latency(a);
  else if (a.scenario == "throughput") throughput(a);
  else if (a.scenario == "worst_call") worst_call(a);
  else if (a.scenario == "isolated_file") isolated_file(a);
  else if (a.scenario == "rhythm") rhythm(a);
  else if (a.scenario == "threads") threads(a);
  else if (a.scenario == "idle") idle(a);
  else if (a.scenario == "slow_sink") slow_sink(a, false);
  else if (a.scenario == "hanging_sink") slow_sink(a, true);
  else if (a.scenario == "bad_neighbours") bad_neighbours<adapter>(a);
  else throw std::invalid_argument{"unknown scenario '" + a.scenario + "'"};
  return 0;
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  try {
    return bench::run(argc, argv);
  } catch (std::exception const& error) {
    std::fprintf(
        stderr,
        "%s\nusage: %s about | <scenario> <config> [message=num|str|json] [producers=N] [pinned] [count=N] "
        "[gap=MILLISECONDS] [burst=N] [busy] [folder=DIRECTORY]\n",
        error.what(), argv[0]);
    return 2;
  }
}
