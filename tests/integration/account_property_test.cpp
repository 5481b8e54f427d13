// SPDX-License-Identifier: MIT
// The account as a property: random pipelines, whose account after the drain must equal what the test has recorded.
// FAPILOG_PROPERTY_PIPELINES sets the number of pipelines (40 if not set), FAPILOG_PROPERTY_SEED the seed of the first. A
// failure prints the seed and the pipeline; FAPILOG_PROPERTY_SEED=<seed> FAPILOG_PROPERTY_PIPELINES=1 builds the same one again.
#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/scale.hpp"
#include "support/temporary_directory.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/stages/filters/error_dedupe.hpp>
#include <fapilog/stages/filters/first_occurrence.hpp>
#include <fapilog/stages/filters/rate_limit.hpp>
#include <fapilog/stages/filters/sampling.hpp>
#include <fapilog/stages/processors/size_guard.hpp>
#include <fapilog/stages/redactors/field_mask.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using fapilog::kv;
using namespace std::chrono_literals;

namespace account_property {
namespace {

constexpr std::array levels{fapilog::level::debug,   fapilog::level::info,     fapilog::level::warning,
                            fapilog::level::error,   fapilog::level::critical, fapilog::level::audit,
                            fapilog::level::security};

class dice {
 public:
  explicit dice(std::uint64_t seed) : engine_(seed) {}
  [[nodiscard]] std::uint64_t below(std::uint64_t limit) { return engine_() % limit; }
  [[nodiscard]] bool chance(double share) { return static_cast<double>(below(1'000'000)) < share * 1e6; }
  template <class T, std::size_t N>
  [[nodiscard]] T of(T const (&all)[N]) {
    return all[below(N)];
  }
  [[nodiscard]] fapilog::level level() { return levels[below(levels.size())]; }
  [[nodiscard]] std::uint64_t seed() { return engine_(); }

 private:
  std::mt19937_64 engine_;
};

/// What the test records about each record.
struct line {
  fapilog::uuid id;
  fapilog::level severity = fapilog::level::info;
  std::string logger;
  int thread = -1;  ///< and its number there, if the message was not removed
  long number = -1;
  bool is_internal = false;
};

line line_of(fapilog::event const& e) {
  line l{e.message_id, e.severity, std::string{e.logger}, -1, -1, e.is_internal};
  std::istringstream text{std::string{e.message}};
  if (!(text >> l.thread >> l.number)) l.thread = -1;
  return l;
}
using id_set = std::set<fapilog::uuid>;

/// Sinks that hang or are down until the test releases them.
struct gate {
  std::mutex mutex;
  std::condition_variable changed;
  bool is_open = false;

  void open() {
    std::lock_guard const lock{mutex};
    is_open = true;
    changed.notify_all();
  }
  void pass() {
    std::unique_lock lock{mutex};
    changed.wait(lock, [this] { return is_open; });
  }
  [[nodiscard]] bool is_passable() {
    std::lock_guard const lock{mutex};
    return is_open;
  }
};

/// How a sink behaves; shares are of its calls.
struct fault_plan {
  double throws = 0;
  double retries = 0;  ///< half of them after a partial write
  double rejects = 0;
  double hangs = 0;
  bool is_dead = false;     ///< takes nothing ...
  bool is_revived = false;  ///< ... until the gate opens
  bool fails_to_start = false;
  bool throws_aside = false;  ///< in flush, stop and health
  int up_ms = 0;              ///< flaky: up for this long, then down for this long; 0: never down
  int slow_us = 0;            ///< per record
  bool needs_json = true;
  std::size_t batch_size = 0;
};

/// Notes the records that it accepts, as its behaviour allows.
class booking_sink {
 public:
  booking_sink(std::string name, fault_plan how, std::uint64_t seed, std::shared_ptr<gate> held)
      : name_(std::move(name)), faults_(how), dice_(seed), gate_(std::move(held)) {}

  void start(fapilog::start_context const&) {
    if (faults_.fails_to_start && !std::exchange(has_failed_to_start_, true))
      throw std::runtime_error{"does not start"};
    if (is_started_.exchange(true)) complain("started twice");
  }
  fapilog::write_result write(fapilog::batch const& entries) {
    if (inside_.fetch_add(1) != 0) complain("called by two threads at once");
    if (!is_started_ || is_stopped_) complain("written to before start or after stop");
    leaving const out{inside_};
    if (aside_) aside_();
    if (dice_.chance(faults_.hangs)) gate_->pass();
    if (faults_.slow_us != 0)
      std::this_thread::sleep_for(std::chrono::microseconds{faults_.slow_us} * entries.size());
    if (dice_.chance(faults_.throws)) {
      if (dice_.chance(0.5)) throw 42;
      throw std::runtime_error{"thrown"};
    }
    if (is_down()) return fapilog::write_result::retry("down");
    if (dice_.chance(faults_.retries)) {
      std::chrono::milliseconds const delay{dice_.below(3)};
      std::size_t const taken = dice_.chance(0.5) ? 0 : dice_.below(entries.size() + 2);
      for (std::size_t i = 0; i < std::min(taken, entries.size()); ++i) take(entries[i]);
      return fapilog::write_result::retry("not all", taken, delay);
    }
    if (!dice_.chance(faults_.rejects)) {
      for (fapilog::entry const& e : entries) take(e);
      return fapilog::write_result::delivered();
    }
    std::vector<std::size_t> refused;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (dice_.chance(0.7)) {
        take(entries[i]);
        continue;
      }
      std::lock_guard const lock{mutex_};
      refused_.insert(entries[i].event.message_id);
      refused.insert(refused.begin(), i);  // in no order, ...
      if (dice_.chance(0.2)) refused.push_back(i);
    }
    if (dice_.chance(0.2)) refused.push_back(entries.size() + 3);  // ... twice, and one that is out of range
    return fapilog::write_result::rejected(std::move(refused), "refused");
  }
  void flush() const {
    if (faults_.throws_aside) throw std::runtime_error{"thrown in flush"};
  }
  void stop() {
    is_stopped_ = true;
    if (faults_.throws_aside) throw std::runtime_error{"thrown in stop"};
  }
  [[nodiscard]] fapilog::sink_health health() const {
    if (faults_.throws_aside) throw std::runtime_error{"thrown in health"};
    return {};
  }
  [[nodiscard]] std::string name() const { return name_; }
  [[nodiscard]] bool needs_json() const { return faults_.needs_json; }
  [[nodiscard]] std::size_t batch_size() const { return faults_.batch_size; }

  /// Call it in each write, before the first record.
  void do_aside(std::function<void()> what) { aside_ = std::move(what); }

  [[nodiscard]] std::vector<line> taken() const {
    std::lock_guard const lock{mutex_};
    return taken_;
  }
  [[nodiscard]] id_set refused() const {
    std::lock_guard const lock{mutex_};
    return refused_;
  }
  [[nodiscard]] std::string violations() const {
    std::lock_guard const lock{mutex_};
    return complaints_;
  }

 private:
  struct leaving {
    std::atomic<int>& count;
    ~leaving() { count.fetch_sub(1); }
  };
  [[nodiscard]] bool is_down() {
    if (faults_.is_dead) return !(faults_.is_revived && gate_->is_passable());
    if (faults_.up_ms == 0) return false;
    auto const passed = std::chrono::steady_clock::now() - began_;
    return (passed / std::chrono::milliseconds{faults_.up_ms}) % 2 == 1;
  }
  void take(fapilog::entry const& e) {
    std::lock_guard const lock{mutex_};
    taken_.push_back(line_of(e.event));
  }
  void complain(std::string const& what) {
    std::lock_guard const lock{mutex_};
    if (complaints_.find(what) == std::string::npos) complaints_ += what + "; ";
  }

  std::string name_;
  fault_plan faults_;
  dice dice_;
  std::shared_ptr<gate> gate_;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  std::function<void()> aside_;
  bool has_failed_to_start_ = false;
  std::atomic<bool> is_started_{false};
  std::atomic<bool> is_stopped_{false};
  std::atomic<int> inside_{0};
  mutable std::mutex mutex_;
  std::vector<line> taken_;
  id_set refused_;
  std::string complaints_;
};

/// Sinks that declare whether they block.
struct blocking_sink : booking_sink {
  using booking_sink::booking_sink;
  static constexpr bool may_block = true;
};
struct nonblocking_sink : booking_sink {
  using booking_sink::booking_sink;
  static constexpr bool may_block = false;
};

enum class odd_rule { none, even_ids, throws };

/// A sink of the pipeline, and what the test expects of it.
struct placed_book {
  std::shared_ptr<booking_sink> sink;
  std::shared_ptr<booking_sink> fallback;
  fapilog::route route;
  odd_rule rule = odd_rule::none;
  bool has_spool = false;
  bool takes_parts = false;
  fapilog::delivery_options how;
};

/// The route, computed again from its documentation.
bool route_takes(placed_book const& to, line const& l) {
  if (l.severity < to.route.min_level || l.severity > to.route.max_level) return false;
  if (to.route.levels != fapilog::level_set{} && !to.route.levels.contains(l.severity)) return false;
  std::string const& wanted = to.route.logger;
  if (!wanted.empty() && l.logger != wanted && l.logger.rfind(wanted + ".", 0) != 0) return false;
  return to.rule != odd_rule::even_ids || l.id.bytes[15] % 2 == 0;
}

/// Which sinks get the record.
std::vector<std::size_t> destinations(std::vector<placed_book> const& sinks, fapilog::routing rule,
                                      line const& l) {
  std::vector<std::size_t> all;
  for (bool const otherwise : {false, true}) {
    if (!all.empty()) break;
    for (std::size_t s = 0; s < sinks.size(); ++s) {
      if (sinks[s].route.otherwise == otherwise && route_takes(sinks[s], l)) all.push_back(s);
    }
  }
  if (rule == fapilog::routing::first_match && all.size() > 1) all.resize(1);
  return all;
}

/// Counts in the first and the last filter, and the records that the last processor noted.
struct observations {
  std::atomic<std::uint64_t> entered{0};
  std::atomic<std::uint64_t> kept{0};
  std::mutex mutex;
  std::vector<line> built;
};

/// A random pipeline.
struct pipeline {
  std::string text;  ///< description
  std::shared_ptr<gate> held = std::make_shared<gate>();
  std::shared_ptr<observations> seen = std::make_shared<observations>();
  std::vector<placed_book> sinks;
  fapilog::options options;
  int threads = 1;
  int records = 0;  ///< per thread
  enum class ending { after_join, meanwhile, at_once, destroyed } end = ending::after_join;
  std::uint64_t drain_after = 0;  ///< drained after this many submitted records, while threads log
  bool flushes = false;
  bool talks = false;            ///< the first sink logs and flushes ...
  bool drains_itself = false;    ///< ... and drains
  bool is_about_spools = false;  ///< sinks that come and go, with small spools and large lanes
};

template <class... Parts>
void describe(pipeline& p, Parts const&... parts) {
  std::ostringstream text;
  ((text << parts << ' '), ...);
  p.text += text.str();
}

void add_stages(pipeline& p, dice& d) {
  auto& o = p.options;
  o.filters = {[seen = p.seen](fapilog::event& e) {
    if (!e.is_internal) ++seen->entered;
    return true;
  }};
  describe(p, "\nstages:");
  if (d.chance(0.2)) {
    describe(p, "sampling");
    o.filters.emplace_back(fapilog::filters::sampling{{.sample_rate = 0.7, .seed = d.seed()}});
  }
  if (d.chance(0.2)) {
    bool const drops = d.chance(0.7);
    describe(p, "rate_limit", drops);
    o.filters.emplace_back(
        fapilog::filters::rate_limit{{.capacity = static_cast<std::uint32_t>(d.below(200) + 1),
                                      .refill_rate_per_sec = 500,
                                      .overflow_action = drops ? fapilog::filters::overflow_action::drop
                                                               : fapilog::filters::overflow_action::mark}});
  }
  if (d.chance(0.1)) {
    describe(p, "first_occurrence");
    o.filters.emplace_back(
        fapilog::filters::first_occurrence{{.key_fields = {"logger"}, .subsequent_sample_rate = 0.5}});
  }
  if (d.chance(0.2)) {
    describe(p, "error_dedupe");
    o.filters.emplace_back(
        fapilog::filters::error_dedupe{{.window_seconds = 0.05, .key_fields = {"logger"}}});
  }
  if (d.chance(0.2)) {
    describe(p, "throwing_filter");
    o.filters.emplace_back([own = std::make_shared<dice>(d.seed())](fapilog::event&) -> bool {
      if (own->chance(0.3)) throw std::runtime_error{"a filter"};
      return !own->chance(0.1);
    });
  }
  o.filters.emplace_back([seen = p.seen](fapilog::event& e) {
    if (!e.is_internal) ++seen->kept;
    return true;
  });
  if (d.chance(0.3)) {
    describe(p, "throwing_enricher");
    o.enrichers.emplace_back([own = std::make_shared<dice>(d.seed())](fapilog::event& e) {
      e.data.set("enriched", fapilog::value::of_bool(true));
      if (own->chance(0.3)) throw 7;
    });
  }
  o.redactors.clear();
  if (d.chance(0.3))
    o.redactors.emplace_back(fapilog::redactors::field_mask{{.fields_to_mask = {"data.pad"}}});
  o.redaction_fail_mode = d.of({fapilog::redaction_fail_mode::open, fapilog::redaction_fail_mode::warn,
                                fapilog::redaction_fail_mode::closed});
  if (d.chance(0.3)) {
    describe(p, "throwing_redactor in mode", static_cast<int>(o.redaction_fail_mode));
    o.redactors.emplace_back([own = std::make_shared<dice>(d.seed())](fapilog::event&) {
      if (own->chance(0.1)) throw std::runtime_error{"a redactor"};
    });
  }
  if (d.chance(0.3)) {
    auto const action =
        d.of({fapilog::processors::oversize_action::truncate, fapilog::processors::oversize_action::drop,
              fapilog::processors::oversize_action::mark});
    describe(p, "size_guard", static_cast<int>(action));
    o.processors.emplace_back(
        fapilog::processors::size_guard{{.max_bytes = 500 + d.below(1'000), .action = action}});
  }
  if (d.chance(0.2)) {
    describe(p, "throwing_processor");
    o.processors.emplace_back(
        [own = std::make_shared<dice>(d.seed())](fapilog::event const&, std::string& text) {
          text += ' ';
          if (own->chance(0.2)) throw std::runtime_error{"a processor"};
          return !own->chance(0.1);
        });
  }
  o.processors.emplace_back([seen = p.seen](fapilog::event const& e, std::string&) {
    std::lock_guard const lock{seen->mutex};
    seen->built.push_back(line_of(e));
    return true;
  });
}

fault_plan random_faults(dice& d, bool must_revive, bool is_flaky, std::string& text) {
  fault_plan how;
  std::ostringstream reported;
  auto const share = [&](char const* name, double& which, double chance, double most) {
    if (!d.chance(chance)) return;
    which = most * static_cast<double>(d.below(1'000) + 1) / 1'000;
    reported << name << ' ' << which << ' ';
  };
  share("throws", how.throws, 0.25, 0.6);
  share("retries", how.retries, 0.25, 0.6);
  share("rejects", how.rejects, 0.25, 0.3);
  share("hangs", how.hangs, 0.1, 0.1);
  how.is_dead = d.chance(0.12);
  how.is_revived = must_revive || d.chance(0.5);
  how.fails_to_start = d.chance(0.04);
  how.throws_aside = d.chance(0.1);
  if (d.chance(is_flaky ? 0.6 : 0.15)) how.up_ms = static_cast<int>(d.below(8)) + 1;
  if (d.chance(0.15)) how.slow_us = static_cast<int>(d.below(60)) + 1;
  how.needs_json = d.chance(0.8);
  if (d.chance(0.4)) {
    how.batch_size = d.below(400) + 1;
    text += "batch_size " + std::to_string(how.batch_size) + ' ';
  }
  reported << (how.is_dead ? how.is_revived ? "dead until the gate opens " : "dead " : "")
           << (how.fails_to_start ? "fails_to_start " : "") << (how.throws_aside ? "throws_aside " : "")
           << "up_ms " << how.up_ms << " slow_us " << how.slow_us;
  text += reported.str();
  return how;
}

template <class Sink>
fapilog::placed_sink placed(placed_book& b, std::string const& name, fault_plan how, std::uint64_t seed,
                            pipeline& p) {
  auto made = std::make_shared<Sink>(name, how, seed, p.held);
  b.sink = made;
  return {std::move(made), b.how};
}

void add_sink(pipeline& p, dice& d, std::filesystem::path const& folder) {
  placed_book b;
  auto& how = b.how;
  bool const is_first = p.sinks.empty();
  describe(p, "\nsink", p.sinks.size(), ':');
  if (d.chance(0.4)) {
    b.route.min_level = d.of({fapilog::level::debug, fapilog::level::info, fapilog::level::warning});
    if (d.chance(0.3)) b.route.max_level = fapilog::level::critical;
    if (d.chance(0.2)) b.route.levels = fapilog::level_set::of(fapilog::level::info, fapilog::level::error);
    if (d.chance(0.3)) b.route.logger = "a";
    b.route.otherwise = d.chance(0.2);
    b.rule = d.of({odd_rule::none, odd_rule::even_ids, odd_rule::throws});
    if (b.rule == odd_rule::even_ids)
      b.route.predicate = [](fapilog::event const& e) { return e.message_id.bytes[15] % 2 == 0; };
    if (b.rule == odd_rule::throws)
      b.route.predicate = [](fapilog::event const&) -> bool { throw std::runtime_error{"a route"}; };
    describe(p, "route", static_cast<int>(b.route.min_level), static_cast<int>(b.route.max_level),
             b.route.logger, b.route.otherwise ? "otherwise" : "", "rule", static_cast<int>(b.rule));
  }
  how.route = b.route;
  how.thread =
      p.is_about_spools
          ? fapilog::sink_thread::own
          : d.of({fapilog::sink_thread::automatic, fapilog::sink_thread::shared, fapilog::sink_thread::own});
  how.queue_bytes = std::uint64_t{65'536} << d.below(5);
  how.when_queue_full = d.chance(0.3) ? fapilog::when_queue_full::block : fapilog::when_queue_full::drop;
  how.retry = {
      .attempts = static_cast<std::uint32_t>(d.of({0, 1, 2, 4})), .first_delay = 1ms, .longest_delay = 3ms};
  how.circuit_breaker = {.enabled = d.chance(0.3),
                         .failure_threshold = static_cast<std::uint32_t>(d.below(4) + 1),
                         .recovery_timeout = std::chrono::milliseconds{d.below(10)}};
  describe(p, "thread", static_cast<int>(how.thread), "queue", how.queue_bytes, "when_queue_full",
           static_cast<int>(how.when_queue_full), "attempts", how.retry.attempts, "breaker",
           how.circuit_breaker.enabled);
  // A call that blocks could wait forever for a sink that never recovers.
  bool const must_revive = p.end == pipeline::ending::after_join;
  if (d.chance(0.4)) {
    describe(p, "fallback(");
    fault_plan const other = random_faults(d, must_revive, p.is_about_spools, p.text);
    describe(p, ')');
    b.fallback = std::make_shared<booking_sink>("spare", other, d.seed(), p.held);
    how.fallback = b.fallback;
  }
  if (how.thread != fapilog::sink_thread::shared && d.chance(p.is_about_spools ? 0.9 : 0.3)) {
    b.has_spool = true;
    how.spool = {.directory = folder.string(),
                 .max_bytes = d.chance(0.6) ? 65'536 + d.below(60'000) : 16U << 20,
                 .segment_bytes = d.chance(0.5) ? 4'096U : 1U << 20};
    describe(p, "spool", how.spool.max_bytes, how.spool.segment_bytes);
  }
  describe(p, "fault_plan(");
  fault_plan mood = d.chance(0.3) ? fault_plan{} : random_faults(d, must_revive, p.is_about_spools, p.text);
  describe(p, ')');
  if (is_first) mood.needs_json = true;  // without JSON no processor runs, and no record is noted
  b.takes_parts = mood.retries != 0;
  std::string const name = d.of({"a", "b", "a/../b"});
  switch (d.below(3)) {
    case 0: p.options.sinks.push_back(placed<booking_sink>(b, name, mood, d.seed(), p)); break;
    case 1: p.options.sinks.push_back(placed<blocking_sink>(b, name, mood, d.seed(), p)); break;
    default: p.options.sinks.push_back(placed<nonblocking_sink>(b, name, mood, d.seed(), p)); break;
  }
  p.sinks.push_back(std::move(b));
}

pipeline random_pipeline(dice& d, std::filesystem::path const& folder) {
  using ending = pipeline::ending;
  pipeline p;
  auto& o = p.options;
  o.log_level = d.chance(0.3) ? fapilog::level::debug : fapilog::level::info;
  o.when_full = d.of({fapilog::when_full::drop, fapilog::when_full::wait, fapilog::when_full::block});
  o.backpressure_wait = std::chrono::milliseconds{d.below(4)};
  o.lane_bytes = d.of({std::size_t{4'096}, std::size_t{16'384}, std::size_t{1} << 20});
  o.max_record_bytes = d.chance(0.2) ? 1'024 : std::size_t{1} << 20;
  o.batch_max_size = d.of({std::size_t{1}, std::size_t{3}, std::size_t{16}, std::size_t{256}});
  o.batch_timeout = std::chrono::milliseconds{d.below(3)};
  o.routing = d.chance(0.3) ? fapilog::routing::first_match : fapilog::routing::overlap;
  o.use_membarrier = d.chance(0.8);
  o.drop_summary_window = d.chance(0.3) ? 20ms : 0ms;
  o.diagnostics_output = [](std::string_view) {};
  o.sinks.clear();
  o.adaptive = {
      .enabled = d.chance(0.2), .check_interval = 1ms, .cooldown = 1ms, .batch_sizing = d.chance(0.5)};
  p.end = d.of({ending::after_join, ending::meanwhile, ending::at_once, ending::meanwhile, ending::at_once,
                ending::destroyed});
  o.shutdown_timeout = std::chrono::milliseconds{d.below(10)};
  p.threads = static_cast<int>(d.below(4)) + 1;
  p.records = static_cast<int>(d.below(o.batch_max_size == 1 ? 120 : 400)) + 1;
  p.drain_after = d.below(static_cast<std::uint64_t>(p.threads * p.records));
  p.flushes = d.chance(0.5);
  p.talks = p.end != ending::destroyed && d.chance(0.1);
  p.drains_itself = d.chance(0.3);
  p.is_about_spools = d.chance(0.25);
  if (p.is_about_spools) o.lane_bytes = std::size_t{1} << 20;
  describe(p, "level", static_cast<int>(o.log_level), "when_full", static_cast<int>(o.when_full), "lane",
           o.lane_bytes, "batch", o.batch_max_size, "routing", static_cast<int>(o.routing), "summary",
           o.drop_summary_window.count(), "adaptive", o.adaptive.enabled, "ending", static_cast<int>(p.end),
           "threads", p.threads, "records", p.records, "flushes", p.flushes, "talks", p.talks);
  add_stages(p, d);
  for (std::uint64_t left = d.below(4) + 1; left != 0; --left) add_sink(p, d, folder);
  return p;
}

/// A program: logs from its threads, flushes, drains, and returns what is wrong.
class trial {
 public:
  trial(pipeline& p, dice& d) : p_(p), d_(d) {}

  std::vector<std::string> run() {
    {
      fapilog::runtime rt{std::move(p_.options)};
      if (p_.talks) let_talk(rt);
      if (p_.end == pipeline::ending::destroyed) {
        log_until_closed(rt);
      } else {
        end_ = log_and_drain(rt);
      }
      of_sinks_ = rt.sink_counts();
    }
    if (p_.end == pipeline::ending::destroyed) wait_for_leftovers();
    for (placed_book const& b : p_.sinks) {
      check(b.sink->violations().empty(), "a sink was ", b.sink->violations());
      if (b.fallback) check(b.fallback->violations().empty(), "a fallback was ", b.fallback->violations());
    }
    if (p_.end == pipeline::ending::destroyed) {
      for (placed_book const& b : p_.sinks) check_order("a sink", b.sink->taken(), false);
      return std::move(wrong_);
    }
    check_account();
    for (std::size_t s = 0; s < p_.sinks.size(); ++s) recovered_.push_back(recover(s));
    check_sinks();
    check_fates();
    return std::move(wrong_);
  }

 private:
  template <class... Parts>
  void check(bool holds, Parts const&... parts) {
    if (holds) return;
    std::ostringstream text;
    (text << ... << parts);
    wrong_.push_back(text.str());
  }

  void call(fapilog::logger const& log, fapilog::level severity, int thread, int number, std::size_t pad) {
    if (log.is_enabled(severity)) called_.fetch_add(1);
    log.log(severity, "{} {}", thread, number, kv("pad", std::string(pad, 'x')));
  }

  void let_talk(fapilog::runtime& rt) {
    p_.sinks.front().sink->do_aside([this, &rt, log = rt.get_logger("a.sink"), left = 20]() mutable {
      if (left == 0) return;
      --left;
      call(log, fapilog::level::warning, 100, 20 - left, 10);
      (void)rt.flush(1ms);
      if (left == 0 && p_.drains_itself) (void)rt.drain(1ms);
    });
  }

  void produce(fapilog::runtime& rt, int thread, std::uint64_t seed) {
    dice own{seed};
    std::array const names{rt.get_logger("a"), rt.get_logger("a.b").with(kv("bound", 1)),
                           rt.get_logger("ab")};
    for (int i = 0; i < p_.records; ++i) {
      std::size_t const pad = own.chance(0.02) ? own.below(5'000) : own.below(60);
      call(names[own.below(names.size())], own.level(), thread, i, pad);
      if (own.chance(0.01)) (void)rt.flush(std::chrono::microseconds{own.below(2'000)});
      if (p_.flushes && own.chance(0.01)) {
        fapilog::account const flushed = rt.flush(std::chrono::milliseconds{own.below(4)});
        if (!flushed.balanced()) unbalanced_ = true;
      }
    }
  }

  /// Checks what holds at any time.
  void look(fapilog::runtime const& rt) {
    fapilog::account const now = rt.counts();
    check(now.balanced(), "not balanced meanwhile");
    for (auto const& [name, counts] : rt.sink_counts())
      check(counts.balanced(), "the account of sink ", name, " is not balanced meanwhile");
  }

  fapilog::account log_and_drain(fapilog::runtime& rt) {
    std::vector<std::thread> producers;
    for (int t = 0; t < p_.threads; ++t)
      producers.emplace_back([this, &rt, t, seed = d_.seed()] { produce(rt, t, seed); });
    auto const join = [&] {
      for (std::thread& t : producers) t.join();
      producers.clear();
    };
    auto const give_up = std::chrono::steady_clock::now() + 60s;
    if (p_.end == pipeline::ending::after_join) {
      p_.held->open();  // calls that block would wait for it
      join();
      look(rt);
      if (d_.chance(0.5)) {
        fapilog::account const flushed = rt.flush(500ms);
        check(!flushed || p_.talks || flushed.pending == 0, "a complete flush left ", flushed.pending,
              " pending");
        for (auto const& [name, counts] : rt.sink_counts()) {
          check(!flushed || p_.talks || counts.pending == 0, "a complete flush left ", counts.pending,
                " pending for sink ", name);
        }
        check(flushed.balanced(), "not balanced after a flush");
      }
    } else if (p_.end == pipeline::ending::meanwhile) {
      // The number may not be reached if sinks hang.
      auto const enough = std::chrono::steady_clock::now() + 200ms;
      while (rt.counts().submitted < p_.drain_after && std::chrono::steady_clock::now() < enough) look(rt);
    }
    fapilog::account const first = rt.drain(std::chrono::milliseconds{d_.below(20)});
    check(first.balanced(), "not balanced after a short drain");
    // Threads that still log may each be in a call that is submitted but not yet counted as dropped, and may call while the
    // counts are read.
    check(!first || support::eventually([&] { return rt.counts().pending <= producers.size(); }),
          "a complete drain left more pending than there are threads");
    p_.held->open();
    join();
    check(rt.drain(60s).complete && std::chrono::steady_clock::now() < give_up,
          "it was not drained in a minute");
    auto const log = rt.get_logger("a");
    for (int i = 0; i < 3; ++i) call(log, fapilog::level::error, 99, i, 1);
    check(rt.flush(1s).complete, "a flush after the drain did not return at once");
    look(rt);
    return rt.drain(60s);
  }

  /// The runtime is destroyed while its sinks hang or are down.
  void log_until_closed(fapilog::runtime& rt) {
    std::vector<std::thread> producers;
    for (int t = 0; t < p_.threads; ++t)
      producers.emplace_back([this, &rt, t, seed = d_.seed()] { produce(rt, t, seed); });
    auto const moment = d_.below(static_cast<std::size_t>(p_.records * p_.threads));
    auto const give_up = std::chrono::steady_clock::now() + 3ms;  // a level filter may remove the record
    while (rt.counts().submitted < moment && std::chrono::steady_clock::now() < give_up)
      std::this_thread::yield();
    check(rt.drain(0ms).balanced(), "not balanced where the drain has no time");
    for (std::thread& t : producers) t.join();
  }
  /// Threads that were left behind end once their sinks return, and keep nothing alive.
  void wait_for_leftovers() {
    p_.held->open();
    for (placed_book& b : p_.sinks) {
      b.how.fallback.reset();
      check(support::eventually([&] { return b.sink.use_count() == 1; }), "a sink is kept after the end");
      check(support::eventually([&] { return !b.fallback || b.fallback.use_count() == 1; }),
            "a fallback is kept after the end");
    }
  }

  void check_account() {
    auto& seen = *p_.seen;
    check(!unbalanced_, "not balanced after a producer's flush");
    check(end_.complete, "the drain was not complete");
    check(end_.pending == 0, end_.pending, " pending after the drain");
    check(end_.balanced(), "not balanced after the drain");
    check(end_.submitted == called_, end_.submitted, " submitted of ", called_.load(), " calls");
    check(end_.dropped.closed >= 3, "calls after the drain were not counted");
    check(end_.dropped.no_memory + end_.dropped.reentrant == 0, "dropped for no reason");
    std::uint64_t const taken = end_.submitted - end_.dropped.total() - end_.pressure.shed;
    check(seen.entered == taken, seen.entered.load(), " came to the stages, ", taken, " should have");
    for (line const& l : seen.built) {
      auto const to = destinations(p_.sinks, p_.options.routing, l);
      destinations_.push_back(to);
      if (!l.is_internal) ++built_;
      if (!l.is_internal && to.empty()) ++unrouted_;
    }
    std::uint64_t const filtered = seen.entered - seen.kept + end_.pressure.shed + unrouted_;
    check(end_.filtered == filtered, end_.filtered, " filtered, not ", filtered);
  }

  /// What is left in the spool, in the order in which the next process delivers it.
  std::vector<line> recover(std::size_t s) {
    std::vector<line> all;
    if (!p_.sinks[s].has_spool) return all;
    auto const name = of_sinks_[s].first;
    for (int attempt = 0; attempt < 20; ++attempt) {
      auto sink = std::make_shared<booking_sink>(name, fault_plan{}, 1, p_.held);
      fapilog::delivery_options how;
      how.spool = p_.sinks[s].how.spool;
      fapilog::runtime next{{.sinks = {{sink, how}}, .diagnostics_output = [](std::string_view) {}}};
      check(next.drain(60s).complete, "the next process was not drained");
      auto const counts = next.sink_counts()[0].second;
      auto const taken = sink->taken();
      check(counts.recovered == taken.size(), counts.recovered, " recovered, but the sink took ",
            taken.size());
      if (taken.empty()) break;
      all.insert(all.end(), taken.begin(), taken.end());
    }
    return all;
  }

  void check_order(std::string const& what, std::vector<line> const& lines, bool may_repeat) {
    std::map<int, long> last;
    id_set ids;
    std::size_t repeated = 0;
    std::size_t disordered = 0;
    for (line const& l : lines) {
      bool const is_new = ids.insert(l.id).second;
      repeated += is_new ? 0U : 1U;
      if (l.thread < 0 || !is_new) continue;
      auto const [known, added] = last.emplace(l.thread, l.number);
      disordered += added || known->second < l.number ? 0U : 1U;
      known->second = l.number;
    }
    check(may_repeat || repeated == 0, what, " has ", repeated, " records twice");
    check(disordered == 0, what, " has ", disordered, " records out of their thread's order");
  }

  static id_set ids_of(std::vector<line> const& lines) {
    id_set ids;
    for (line const& l : lines) ids.insert(l.id);
    return ids;
  }

  void check_sinks() {
    id_set own;
    for (line const& l : p_.seen->built) {
      if (l.is_internal) own.insert(l.id);
    }
    for (std::size_t s = 0; s < p_.sinks.size(); ++s) {
      placed_book const& b = p_.sinks[s];
      auto const& [name, counts] = of_sinks_[s];
      std::string const which = "sink " + std::to_string(s);
      std::vector<line> const taken = b.sink->taken();
      std::vector<line> through = taken;
      through.insert(through.end(), recovered_[s].begin(), recovered_[s].end());
      check_order(which, taken, false);
      // A batch that the sink took in part at the end is delivered again as a whole.
      check_order(which + " with what was recovered", through, b.takes_parts);
      auto const spooled = ids_of(recovered_[s]);
      auto delivered = ids_of(taken);
      for (auto const& id : spooled) delivered.erase(id);
      auto const fallen = b.fallback ? ids_of(b.fallback->taken()) : id_set{};
      auto rejected = b.sink->refused();
      for (auto const& id : fallen) rejected.erase(id);
      if (b.fallback)
        check(fallen.size() == b.fallback->taken().size(), "the fallback of ", which, " took records twice");

      std::uint64_t given = 0;
      id_set meant;
      for (std::size_t i = 0; i < destinations_.size(); ++i) {
        if (std::count(destinations_[i].begin(), destinations_[i].end(), s) == 0) continue;
        ++given;
        meant.insert(p_.seen->built[i].id);
      }
      auto const are_meant = [&](id_set const& ids) {
        return std::includes(meant.begin(), meant.end(), ids.begin(), ids.end());
      };
      check(are_meant(delivered) && are_meant(spooled) && are_meant(fallen), which, " has records of others");
      check(counts.balanced() && counts.pending == 0, which, " has ", counts.pending, " pending");
      check(counts.given == given, which, " was given ", counts.given, ", not ", given);
      check(counts.delivered == delivered.size(), which, ": ", counts.delivered, " delivered, but it took ",
            delivered.size());
      check(counts.to_fallback == fallen.size(), which, ": ", counts.to_fallback,
            " to the fallback, but it took ", fallen.size());
      check(counts.rejected == rejected.size(), which, ": ", counts.rejected, " rejected, but it refused ",
            rejected.size());
      check(counts.spooled == spooled.size(), which, ": ", counts.spooled, " spooled, but ", spooled.size(),
            " were there");
      check(counts.recovered == 0, which, " recovered ", counts.recovered);
      for (std::size_t i = 0; i < destinations_.size(); ++i) {
        if (std::count(destinations_[i].begin(), destinations_[i].end(), s) == 0) continue;
        auto const& id = p_.seen->built[i].id;
        outcome const here = spooled.count(id) != 0                        ? outcome::spooled
                             : delivered.count(id) + fallen.count(id) != 0 ? outcome::delivered
                             : rejected.count(id) != 0                     ? outcome::rejected
                                                                           : outcome::failed;
        auto const [known, added] = outcomes_.emplace(id, here);
        known->second = std::max(known->second, here);
      }
    }
    for (auto const& id : own) outcomes_.erase(id);
  }

  void check_fates() {
    std::array<std::uint64_t, 4> sums{};
    for (auto const& [id, f] : outcomes_) ++sums[static_cast<std::size_t>(f)];
    std::uint64_t const by_stages = p_.seen->kept - built_;
    check(end_.processed == sums[0], end_.processed, " processed, not ", sums[0]);
    check(end_.spooled == sums[1], end_.spooled, " spooled, not ", sums[1]);
    check(end_.rejected == sums[2], end_.rejected, " rejected, not ", sums[2]);
    check(end_.failed == sums[3] + by_stages, end_.failed, " failed, not ", sums[3] + by_stages);
  }

  enum class outcome { delivered, spooled, rejected, failed };  // from good to bad

  pipeline& p_;
  dice& d_;
  std::vector<std::string> wrong_;
  std::atomic<std::uint64_t> called_{0};
  std::atomic<bool> unbalanced_{false};
  fapilog::account end_;
  std::vector<std::pair<std::string, fapilog::sink_account>> of_sinks_;
  std::vector<std::vector<std::size_t>> destinations_;  ///< of each record that was built
  std::uint64_t built_ = 0;
  std::uint64_t unrouted_ = 0;
  std::vector<std::vector<line>> recovered_;  ///< by sink
  std::map<fapilog::uuid, outcome> outcomes_;
};

std::uint64_t number_from(char const* variable, std::uint64_t otherwise) {
  char const* const text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

}  // namespace
}  // namespace account_property

TEST_CASE("the account of any pipeline, ended at any moment, equals what its sinks have recorded") {
  using namespace account_property;
  std::uint64_t const first = number_from("FAPILOG_PROPERTY_SEED", 1);
  std::uint64_t const pipelines = number_from("FAPILOG_PROPERTY_PIPELINES", support::scaled(40, 15));
  for (std::uint64_t seed = first; seed < first + pipelines; ++seed) {
    support::temporary_directory folder;
    dice d{seed};
    pipeline p = random_pipeline(d, folder.path());
    auto const wrong = trial{p, d}.run();
    std::string all;
    for (std::string const& w : wrong) all += w + '\n';
    INFO("FAPILOG_PROPERTY_SEED=" << seed << '\n' << p.text);
    CHECK(all == "");
    if (!wrong.empty()) break;
  }
}
