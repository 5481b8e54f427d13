// SPDX-License-Identifier: MIT
// Recovered batches: a sink that can find records gets only what it does not have, and the account stays exact.
#include "support/batches.hpp"
#include "support/captured_diagnostics.hpp"
#include "support/catch.hpp"
#include "support/switched_sink.hpp"
#include "support/temporary_directory.hpp"

#include <fapilog/delivery/deliveries.hpp>
#include <fapilog/delivery/delivery_thread.hpp>
#include <fapilog/delivery/spool/spooled_parts.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using fapilog::write_result;
using fapilog::detail::batch_storage;
using fapilog::detail::make_deliveries;
using support::captured_diagnostics;
using record_numbers = std::vector<int>;
using namespace std::chrono_literals;

namespace {

int id_number(fapilog::entry const& e) { return e.event.message_id.bytes[15]; }

/// A batch of records with these numbers as their ids.
fapilog::batch numbered_batch(record_numbers const& all, bool is_recovered) {
  auto storage = std::make_shared<batch_storage>();
  for (int const n : all) {
    auto& added = storage->entries().emplace_back(storage->memory());
    added.event.message = "numbered";
    added.event.message_id.bytes[15] = static_cast<std::uint8_t>(n);
  }
  if (is_recovered) storage->mark_recovered();
  return fapilog::batch{std::move(storage)};
}

/// Finds records by their numbers.
class mailbox {
 public:
  static constexpr bool needs_json = false;

  explicit mailbox(std::set<int> present = {}) : present_(std::move(present)) {}

  std::vector<bool> find_arrived(fapilog::batch const& entries) {
    std::lock_guard const lock{mutex_};
    ++questions;
    if (throws) throw std::runtime_error{"the index is broken"};
    std::vector<bool> arrived;
    for (auto const& e : entries) arrived.push_back(present_.contains(id_number(e)));
    if (extra) arrived.resize(entries.size() + 5, true);
    if (shortened) arrived.resize(1);
    return arrived;
  }
  write_result write(fapilog::batch const& entries) {
    auto result = answer ? answer(entries) : write_result::delivered();
    bool const is_retry = result.outcome() == fapilog::write_outcome::retry;
    std::lock_guard const lock{mutex_};
    ++writes;
    for (std::size_t i = 0; i < (is_retry ? result.first_to_retry() : entries.size()); ++i)
      written.push_back(id_number(entries[i]));
    return result;
  }
  [[nodiscard]] static std::string name() { return "mailbox"; }

  std::function<write_result(fapilog::batch const&)> answer;
  bool throws = false;
  bool extra = false;
  bool shortened = false;
  int questions = 0;
  int writes = 0;
  record_numbers written;

 private:
  std::mutex mutex_;
  std::set<int> present_;
};

/// The delivery to one sink, on the thread of the test or on its own.
class to_one_sink {
 public:
  template <class Sink>
  explicit to_one_sink(Sink const& sink, fapilog::delivery_options options = {}) {
    if (options.retry == fapilog::retry_options{})
      options.retry = {.attempts = 3, .first_delay = 1ms, .longest_delay = 1ms};
    auto const reports = std::make_shared<fapilog::diagnostics>(reported);
    std::vector<fapilog::placed_sink> sinks{{sink, std::move(options)}};
    all_ = std::make_unique<fapilog::detail::deliveries>(
        make_deliveries(
            std::move(sinks), {}, reports, [] {}, &fapilog::detail::make_delivery_thread),
        fapilog::routing{}, reports);
    all_->start(std::make_shared<fapilog::start_context>());
  }

  void deliver(fapilog::batch const& entries) { all_->deliver(entries); }
  /// Ends the delivery and returns the number of delivered records.
  std::uint64_t processed() {
    all_->stop();
    fapilog::account sum;
    all_->add_to(sum);
    return sum.processed;
  }
  [[nodiscard]] double found() const { return metric("fapilog_sink_found_total"); }
  [[nodiscard]] double delivered() const { return metric("fapilog_sink_records_total"); }
  [[nodiscard]] double pending() const { return metric("fapilog_sink_pending"); }

  captured_diagnostics reported;

 private:
  /// The first metric of this name.
  [[nodiscard]] double metric(std::string const& name) const {
    fapilog::metric_list all;
    all_->collect(all);
    for (auto const& one : all) {
      if (one.name == name) return one.value;
    }
    return -1;
  }

  std::unique_ptr<fapilog::detail::deliveries> all_;
};

fapilog::delivery_options on_thread(fapilog::sink_thread thread) { return {.thread = thread}; }

}  // namespace

TEST_CASE("a sink gets the records of a recovered batch that it does not have, once") {
  auto const thread = GENERATE(fapilog::sink_thread::shared, fapilog::sink_thread::own);
  auto const [present, expected] = GENERATE(table<std::set<int>, record_numbers>({
      {{}, {1, 2, 3, 4, 5, 6}},
      {{1, 2, 3}, {4, 5, 6}},
      {{5, 6}, {1, 2, 3, 4}},
      {{2, 4, 5}, {1, 3, 6}},
      {{1, 2, 3, 4, 5, 6}, {}},
  }));
  auto sink = std::make_shared<mailbox>(present);
  to_one_sink to{sink, on_thread(thread)};
  to.deliver(numbered_batch({1, 2, 3, 4, 5, 6}, true));
  CHECK(to.processed() == 6);
  CHECK(sink->written == expected);
  CHECK(sink->questions == 1);
  CHECK((sink->writes == 0) == expected.empty());
  CHECK(to.found() == static_cast<double>(present.size()));
  CHECK(to.delivered() == 6);
  CHECK(to.pending() == 0);
}

TEST_CASE("a sink is not asked about records that no killed process left") {
  auto const thread = GENERATE(fapilog::sink_thread::shared, fapilog::sink_thread::own);
  auto sink = std::make_shared<mailbox>(std::set<int>{1, 2, 3});
  to_one_sink to{sink, on_thread(thread)};
  to.deliver(numbered_batch({1, 2, 3}, false));
  CHECK(to.processed() == 3);
  CHECK(sink->written == record_numbers{1, 2, 3});
  CHECK(sink->questions == 0);
  CHECK(to.found() == 0);
}

TEST_CASE("a sink that cannot find records gets all of a recovered batch") {
  auto sink = std::make_shared<support::switched_sink>("blind");
  to_one_sink to{sink};
  to.deliver(numbered_batch({1, 2, 3}, true));
  CHECK(to.processed() == 3);
  CHECK(sink->messages().size() == 3);
}

TEST_CASE("if find_arrived throws, it is reported and all records are written") {
  auto sink = std::make_shared<mailbox>(std::set<int>{1, 2});
  sink->throws = true;
  to_one_sink to{sink};
  to.deliver(numbered_batch({1, 2, 3}, true));
  CHECK(to.processed() == 3);
  CHECK(sink->written == record_numbers{1, 2, 3});
  CHECK(sink->questions == 1);
  CHECK(to.reported.contains("the index is broken"));
}

TEST_CASE("a result of find_arrived with too many or too few values is limited to the entries") {
  auto sink = std::make_shared<mailbox>(std::set<int>{1, 2});
  bool const has_extra = GENERATE(true, false);
  (has_extra ? sink->extra : sink->shortened) = true;
  to_one_sink to{sink};
  to.deliver(numbered_batch({1, 2, 3}, true));
  CHECK(to.processed() == 3);
  CHECK(sink->written == (has_extra ? record_numbers{3} : record_numbers{2, 3}));
}

TEST_CASE("a recovered batch of which a part was written is retried without another search") {
  auto const thread = GENERATE(fapilog::sink_thread::shared, fapilog::sink_thread::own);
  auto sink = std::make_shared<mailbox>(std::set<int>{1, 4, 6});
  int calls = 0;
  sink->answer = [&](fapilog::batch const&) {
    return ++calls == 1 ? write_result::retry("one only", 1) : write_result::delivered();
  };
  to_one_sink to{sink, on_thread(thread)};
  to.deliver(numbered_batch({1, 2, 3, 4, 5, 6, 7}, true));
  CHECK(to.processed() == 7);
  CHECK(sink->written == record_numbers{2, 3, 5, 7});
  CHECK(sink->questions == 1);
  CHECK(to.found() == 3);
}

TEST_CASE("records that a sink rejects in a recovered batch are those at the indices of what it was given") {
  auto sink = std::make_shared<mailbox>(std::set<int>{1, 3});
  sink->answer = [](fapilog::batch const& entries) {
    return id_number(entries[2]) == 5 ? write_result::rejected({2}, "no 5") : write_result::delivered();
  };
  to_one_sink to{sink};
  auto spare = std::make_shared<mailbox>();
  to_one_sink with_spare{sink, {.fallback = spare}};
  to.deliver(numbered_batch({1, 2, 3, 4, 5, 6}, true));
  CHECK(to.processed() == 5);
  with_spare.deliver(numbered_batch({1, 2, 3, 4, 5, 6}, true));
  CHECK(with_spare.processed() == 6);
  CHECK(spare->written == record_numbers{5});
}

TEST_CASE("the fallback gets the records that neither it nor its sink has") {
  auto sink = std::make_shared<mailbox>(std::set<int>{1, 4});
  sink->answer = [](fapilog::batch const&) { return write_result::retry("down"); };
  auto spare = std::make_shared<mailbox>(std::set<int>{2, 6});
  to_one_sink to{sink, {.fallback = spare}};
  to.deliver(numbered_batch({1, 2, 3, 4, 5, 6}, true));
  CHECK(to.processed() == 6);
  CHECK(spare->written == record_numbers{3, 5});
}

TEST_CASE("if find_arrived of a fallback throws, the fallback gets all records") {
  auto sink = std::make_shared<mailbox>();
  sink->answer = [](fapilog::batch const&) { return write_result::retry("down"); };
  auto spare = std::make_shared<mailbox>(std::set<int>{2});
  spare->throws = true;
  to_one_sink to{sink, {.fallback = spare}};
  to.deliver(numbered_batch({1, 2, 3}, true));
  CHECK(to.processed() == 3);
  CHECK(spare->written == record_numbers{1, 2, 3});
}

TEST_CASE("records that are lost in a recovered batch do not count those that had arrived") {
  auto sink = std::make_shared<mailbox>(std::set<int>{2});
  sink->answer = [](fapilog::batch const&) { return write_result::retry("down"); };
  to_one_sink to{sink};
  to.deliver(numbered_batch({1, 2, 3}, true));
  CHECK(to.processed() == 1);
  CHECK(to.delivered() == 1);
  CHECK(to.pending() == 0);
}

namespace {

/// Merges batches, and holds up the first write until it is released.
class merging_mailbox : public mailbox {
 public:
  static constexpr bool may_block = true;
  static constexpr std::size_t batch_size = 100;

  using mailbox::mailbox;
  write_result write(fapilog::batch const& entries) {
    if (!std::exchange(has_begun_, true)) {
      begun.set_value();
      release.get_future().wait();
    }
    return mailbox::write(entries);
  }

  std::promise<void> begun;
  std::promise<void> release;

 private:
  bool has_begun_ = false;
};

}  // namespace

TEST_CASE("recovered batches that are merged for a sink are searched together") {
  auto sink = std::make_shared<merging_mailbox>(std::set<int>{2, 3, 6});
  to_one_sink to{sink};
  to.deliver(numbered_batch({1}, false));
  sink->begun.get_future().wait();
  to.deliver(numbered_batch({2, 3}, true));
  to.deliver(numbered_batch({4, 5}, true));
  to.deliver(numbered_batch({6, 7}, true));
  sink->release.set_value();
  CHECK(to.processed() == 7);
  CHECK(sink->written == record_numbers{1, 4, 5, 7});
  CHECK(sink->questions == 1);
  CHECK(to.found() == 3);
}

TEST_CASE("a batch that an earlier process put into the spool is recovered, one of this process is not") {
  support::temporary_directory folder;
  fapilog::detail::sink_counters counts;
  fapilog::spool_options const options{.directory = folder.path().string()};
  auto const silent = [](std::string_view, std::string_view) {};
  {
    fapilog::detail::spooled_parts spool{options, "s", silent, counts};
    spool.open();
    REQUIRE(spool.append({numbered_batch({1}, false), {}, nullptr}));
    CHECK_FALSE(spool.first(0).entries.is_recovered());
  }
  fapilog::detail::spooled_parts spool{options, "s", silent, counts};
  spool.open();
  REQUIRE(spool.append({numbered_batch({2}, true), {}, nullptr}));
  CHECK(spool.first(0).entries.is_recovered());
  spool.end_first({fapilog::detail::record_result::delivered}, 0);
  auto const own = spool.first(0).entries;
  REQUIRE(own.size() == 1);
  CHECK(id_number(own[0]) == 2);
  CHECK(own.is_recovered());  // it was when it was spooled
}

TEST_CASE("parts and joined batches of a recovered batch are recovered, reused memory is not") {
  auto storage = std::make_shared<batch_storage>();
  storage->mark_recovered();
  storage->entries().emplace_back(storage->memory());
  fapilog::batch const recovered{storage};
  fapilog::batch const ordinary = numbered_batch({1}, false);
  CHECK(recovered.is_recovered());
  CHECK(recovered.from(1).is_recovered());
  CHECK(recovered.only({0}).is_recovered());
  CHECK(fapilog::batch::joined({ordinary, recovered}).is_recovered());
  CHECK_FALSE(fapilog::batch::joined({ordinary, ordinary}).is_recovered());
  CHECK_FALSE(ordinary.is_recovered());
  CHECK_FALSE(fapilog::batch{}.is_recovered());
  storage->clear();
  CHECK_FALSE(recovered.is_recovered());
}
