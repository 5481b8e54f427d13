// SPDX-License-Identifier: MIT
// One sink on a thread of its own, behind a bounded queue and, if wanted, a spool on disk.
#pragma once

#include <fapilog/delivery/delivery.hpp>
#include <fapilog/delivery/flush_latch.hpp>
#include <fapilog/delivery/spool/spooled_parts.hpp>
#include <fapilog/detail/os/fork.hpp>
#include <fapilog/detail/os/system.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// What waits stands in one order: the work at hand, the queue, the spool. New batches go to the spool as long as there is
/// anything in it; a sink that fails has its work and queue moved before it.
/// Thread: `start`, `enqueue`, `flush`, `close`, `join` and the fork hooks belong to the worker; the rest is its own.
class delivery_thread final : public std::enable_shared_from_this<delivery_thread>, public fork_participant {
 public:
  using clock = delivery::clock;

  delivery_thread(placed_sink placed, std::shared_ptr<diagnostics> tell, std::function<void()> began)
      : delivery_(std::move(placed), true, std::move(tell)), began_(std::move(began)) {
    auto const& options = delivery_.options();
    if (options.spool.directory.empty()) return;
    auto const complain = [this](std::string_view message, std::string_view why) {
      delivery_.warn(message, why);
    };
    spool_ = std::make_unique<spooled_parts>(options.spool, delivery_.status()->name(), complain, counts());
  }

  delivery_thread(delivery_thread const&) = delete;
  delivery_thread& operator=(delivery_thread const&) = delete;
  ~delivery_thread() {
    if (thread_.joinable()) thread_.detach();  // its sink hung: it was the last to hold this
  }

  [[nodiscard]] std::shared_ptr<sink_status> const& status() const noexcept { return delivery_.status(); }
  [[nodiscard]] route const& takes() const noexcept { return delivery_.options().route; }

  /// Starts the thread, which starts the sink.
  void start(start_context const& context) {
    delivery_.prepare(context);
    run_thread();
  }

  /// Takes a part over; where there is no room for it, it ends here.
  void enqueue(batch_part part) {
    counts().given.add(part.entries.size());
    std::unique_lock lock{mutex_};
    if (!thread_.joinable() && !is_unusable_) run_thread();  // in a forked child
    std::size_t const bytes = part.entries.bytes();
    for (;;) {
      if (is_unusable_ || is_closing_) return refuse(std::move(part), lock);
      bool const is_behind_spool = spool_ && !spool_->empty();
      if (!is_behind_spool &&
          (queued_bytes_ == 0 || queued_bytes_ + bytes <= delivery_.options().queue_bytes))
        break;
      if (spool_ && spool_->append(part)) return;
      bool const is_hopeless = is_draining_ && is_behind_spool && has_failed_;
      if (is_hopeless || delivery_.options().when_queue_full == when_queue_full::drop)
        return refuse(std::move(part), lock);
      is_room_awaited_ = true;
      wake_.notify_one();
      changed_.wait(lock);
      is_room_awaited_ = false;
    }
    set_bytes(queued_bytes_ + bytes);
    queue_.push_back(std::move(part));
    ++enqueued_;
    if (is_waiting_) wake_.notify_one();
  }

  /// Tells `round` once everything enqueued before has its fate and the sink has flushed.
  void flush(std::shared_ptr<flush_latch> round) {
    round->expect_one();
    std::unique_lock lock{mutex_};
    if (has_ended_ || is_unusable_ || !thread_.joinable()) {
      lock.unlock();
      return round->one_done();
    }
    flushes_.push_back({enqueued_, std::move(round)});
    is_in_a_hurry_ = true;
    wake_.notify_one();
  }

  /// The end is near: where the worker waits for room, what stands before it gets its last chance. Thread: any.
  void begin_drain() {
    std::lock_guard const lock{mutex_};
    is_draining_ = true;
    wake_.notify_one();
    changed_.notify_all();
  }
  /// No more is coming: what waits gets its last chance.
  void close() {
    std::lock_guard const lock{mutex_};
    is_closing_ = true;
    closed_at_ = clock::now();
    wake_.notify_one();
    changed_.notify_all();
  }
  void join() {
    if (thread_.joinable()) thread_.join();
  }

  /// Pauses the thread between two offers and holds its lock. A sink that hangs is left running at `deadline`.
  void before_fork(clock::time_point deadline) override {
    std::unique_lock lock{mutex_};
    wants_pause_ = true;
    wake_.notify_one();
    changed_.wait_until(lock, deadline, [this] { return is_parked_ || has_ended_ || !thread_.joinable(); });
    lock.release();
  }
  void after_fork_in_parent() noexcept override {
    wants_pause_ = false;
    wake_.notify_one();
    mutex_.unlock();
  }
  /// The parent's records and thread stay with the parent. A sink that hung is unusable in the child.
  void after_fork_in_child() override {
    is_unusable_ = is_unusable_ || !(is_parked_ || has_ended_ || !thread_.joinable());
    wants_pause_ = is_parked_ = is_waiting_ = is_room_awaited_ = false;
    wake_.recreate_in_child();
    changed_.recreate_in_child();
    thread_.recreate_in_child();
    queue_.clear();
    current_.reset();
    flushes_.clear();
    enqueued_ = ended_ = 0;
    queued_bytes_ = current_bytes_ = 0;
    counts().after_fork();
    if (spool_) spool_->after_fork_in_child();
    mutex_.unlock();
  }

 private:
  struct flush_request {
    std::uint64_t until;  ///< parts
    std::shared_ptr<flush_latch> round;
  };

  [[nodiscard]] sink_counters& counts() const noexcept { return delivery_.counts(); }

  void run_thread() {
    if (spool_) spool_->open();  // before the first record is taken: what earlier processes left comes first
    detail::signals_blocked const in_new_thread;
    thread_ = std::thread{[self = shared_from_this()] { self->run(); }};
  }

  void set_bytes(std::size_t bytes) noexcept {
    if (bytes < queued_bytes_) changed_.notify_all();
    queued_bytes_ = bytes;
    counts().queue_bytes.set(queued_bytes_);
    counts().queue_high_watermark.raise_to(queued_bytes_);
  }

  /// The fallback takes it, or it is dropped.
  void refuse(batch_part part, std::unique_lock<std::mutex>& lock) {
    bool const is_news = !std::exchange(is_refusing_, true);
    lock.unlock();
    delivery::work w{std::move(part)};
    delivery_.give_up(w, true);
    delivery_.finish(w);
    if (is_news && w.dropped != 0) delivery_.warn("the sink's queue is full; records are dropped", {});
  }

  void run() noexcept {
    detail::prepare_thread("fapilog-sink");
    began_();
    if (!std::exchange(has_started_, true)) delivery_.start();
    std::unique_lock lock{mutex_};
    for (bool open = true; open;) {
      try {
        open = turn(lock);
      } catch (std::exception const& error) {
        if (!lock.owns_lock()) lock.lock();
        delivery_.warn("the sink's thread met an error and goes on", error.what());
        not_before_ = clock::now() + std::chrono::milliseconds{100};
      }
    }
    lock.unlock();
    delivery_.flush();
    delivery_.stop();
    lock.lock();
    if (spool_) spool_->close();
    has_ended_ = true;
    auto const unserved = std::move(flushes_);
    changed_.notify_all();
    lock.unlock();
    for (auto const& request : unserved) request.round->one_done();
  }

  /// One step of work, or a wait. False: it is over.
  bool turn(std::unique_lock<std::mutex>& lock) {
    if (wants_pause_) return park(lock);
    if (!current_ && !queue_.empty()) {
      current_.emplace(take_first(queue_, delivery_.batch_size()));
      current_bytes_ = current_->part.bytes();
      is_from_spool_ = false;
    }
    if (!current_ && has_spooled() && (is_closing_ || clock::now() >= not_before_)) {
      if (batch_part oldest = spool_->first(); !oldest.entries.empty()) {
        current_.emplace(std::move(oldest));
        is_from_spool_ = true;
      }
    }
    if (!current_ && !has_spooled()) {
      is_refusing_ = false;
      if (is_room_awaited_) changed_.notify_all();
    }
    if (serve_flushes(lock)) return true;
    if (current_ && (is_last_chance() || is_in_a_hurry_ || clock::now() >= not_before_)) {
      is_in_a_hurry_ = false;
      offer(lock);
      return true;
    }
    if (is_closing_ && !current_ && queue_.empty() && !has_spooled()) return false;
    wait(lock);
    return true;
  }

  [[nodiscard]] bool is_last_chance() const noexcept {
    return is_closing_ || (is_draining_ && is_room_awaited_ && !is_from_spool_);
  }

  /// While it closes, the spool is emptied as long as the sink takes it, for a second; the rest is the next process's.
  [[nodiscard]] bool has_spooled() const {
    if (!spool_ || spool_->empty()) return false;
    return !is_closing_ || (!has_failed_ && clock::now() - closed_at_ < std::chrono::seconds{1});
  }

  void wait(std::unique_lock<std::mutex>& lock) {
    is_waiting_ = true;
    if (current_ || has_spooled()) {
      wake_.wait_until(lock, std::min(not_before_, clock::now() + std::chrono::hours{1}));
    } else {
      wake_.wait(lock);
    }
    is_waiting_ = false;
  }

  bool park(std::unique_lock<std::mutex>& lock) {
    is_parked_ = true;
    changed_.notify_all();
    wake_.wait(lock, [this] { return !wants_pause_; });
    is_parked_ = false;
    return true;
  }

  void offer(std::unique_lock<std::mutex>& lock) {
    bool const is_last = is_last_chance();
    lock.unlock();
    current_->join();  // without the lock: whoever enqueues does not wait for it
    delivery::outcome const now = delivery_.try_once(*current_, is_last);
    lock.lock();
    if (spool_ && now.what == delivery::step::give_up) split();
    delivery::work& w = *current_;
    has_failed_ = now.what != delivery::step::done;
    if (is_room_awaited_) changed_.notify_all();
    not_before_ = has_failed_ ? now.next : clock::time_point{};
    if (is_from_spool_) {
      if (!has_failed_) spool_->end_first(w.fates, w.to_fallback);
      if (!has_failed_ || is_closing_) current_.reset();  // a failed one stands in the spool all the same
      return;
    }
    if (now.what == delivery::step::wait) return;
    if (now.what == delivery::step::give_up) {
      if (spool_ && move_to_spool(w)) {
        delivery_.finish(w);
        return end_current();
      }
      // A full spool: it is waited for, unless there is another place or no more time.
      if (spool_ && !delivery_.options().fallback && !is_last_chance()) return;
      lock.unlock();  // the fallback may take its time
      delivery_.give_up(w, spool_ != nullptr);
      lock.lock();
    }
    delivery_.finish(w);
    end_current();
  }

  /// A spool has batch_parts as they came: those of the work at hand that are done end, the others are the queue's again.
  void split() {
    auto& parts = current_->part.parts;
    if (parts.empty()) return;
    std::size_t first = current_->first;
    auto at_hand = parts.begin();
    for (; first >= at_hand->entries.size(); ++at_hand) first -= at_hand->entries.size();
    delivery::work rest{*at_hand};
    rest.first = first;
    rest.offers = current_->offers;
    queue_.insert(queue_.begin(), std::move_iterator{at_hand + 1}, std::move_iterator{parts.end()});
    for (auto done = parts.begin(); done != at_hand; ++done) {
      ++ended_;
      set_bytes(queued_bytes_ - std::min(done->bytes(), queued_bytes_));
      delivery_.finish(delivery::work{*done});
    }
    current_ = std::move(rest);
    current_bytes_ = current_->part.bytes();
  }

  bool move_to_spool(delivery::work& w) {
    std::size_t const waiting = queue_.size();
    if (!spool_->move_before(w.part, w.first, w.fates, queue_)) return false;
    ended_ += waiting - queue_.size();
    std::size_t left = current_bytes_;
    for (batch_part const& part : queue_) left += part.entries.bytes();
    set_bytes(left);
    return true;
  }

  void end_current() {
    ended_ += current_->part.count();
    set_bytes(queued_bytes_ - std::min(std::exchange(current_bytes_, 0), queued_bytes_));
    current_.reset();
  }

  /// True where a flush was served: the lock was let go meanwhile.
  bool serve_flushes(std::unique_lock<std::mutex>& lock) {
    std::vector<std::shared_ptr<flush_latch>> due;
    while (!flushes_.empty() && flushes_.front().until <= ended_) {
      due.push_back(std::move(flushes_.front().round));
      flushes_.pop_front();
    }
    if (due.empty()) return false;
    lock.unlock();
    delivery_.flush();
    for (auto const& round : due) round->one_done();
    lock.lock();
    return true;
  }

  delivery delivery_;
  std::function<void()> began_;
  std::unique_ptr<spooled_parts> spool_;
  bool has_started_ = false;

  std::mutex mutex_;
  fork_safe<std::condition_variable> wake_;     ///< the thread waits on it
  fork_safe<std::condition_variable> changed_;  ///< others wait on it for the thread
  std::deque<batch_part> queue_;
  std::size_t queued_bytes_ = 0;  ///< with those of the work at hand
  std::uint64_t enqueued_ = 0;    ///< parts so far, and those of them
  std::uint64_t ended_ = 0;       ///< that have left
  std::deque<flush_request> flushes_;
  bool is_waiting_ = false;
  bool is_in_a_hurry_ = false;
  bool is_draining_ = false;
  bool is_closing_ = false;
  bool is_room_awaited_ = false;  ///< by the worker, in `enqueue`
  bool is_unusable_ = false;
  bool is_refusing_ = false;
  bool wants_pause_ = false;
  bool is_parked_ = false;
  bool has_ended_ = false;
  bool has_failed_ = false;  ///< the last offer
  clock::time_point closed_at_{};
  clock::time_point not_before_{};
  std::optional<delivery::work> current_;
  std::size_t current_bytes_ = 0;
  bool is_from_spool_ = false;
  fork_safe<std::thread> thread_;
};

}  // namespace fapilog::inline v0_1::detail
