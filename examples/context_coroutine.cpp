// SPDX-License-Identifier: MIT
// Context in a coroutine: the coroutine keeps its caller's context while it moves from thread to thread.
#include <fapilog/fapilog.hpp>
#include <fapilog/record/coroutine_scope.hpp>

#include <condition_variable>
#include <coroutine>
#include <deque>
#include <exception>
#include <latch>
#include <mutex>
#include <thread>

using fapilog::kv;

// A coroutine that starts at once and is not awaited.
struct task {
  struct promise_type {
    task get_return_object() noexcept { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { std::terminate(); }
  };
};

// A thread that resumes coroutines.
class work_thread {
 public:
  // The thread, joined after this, first runs every coroutine that was scheduled.
  ~work_thread() {
    std::lock_guard const lock{mutex_};
    closed_ = true;
    changed_.notify_one();
  }

  struct hop {
    work_thread& to;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> coroutine) const { to.post(coroutine); }
    void await_resume() const noexcept {}
  };
  // `co_await thread.schedule()` moves the coroutine to this thread.
  hop schedule() { return {*this}; }

 private:
  void post(std::coroutine_handle<> coroutine) {
    std::lock_guard const lock{mutex_};
    waiting_.push_back(coroutine);
    changed_.notify_one();
  }
  void run() {
    std::unique_lock lock{mutex_};
    for (;;) {
      changed_.wait(lock, [this] { return closed_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      auto const coroutine = waiting_.front();
      waiting_.pop_front();
      lock.unlock();
      coroutine.resume();
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::coroutine_handle<>> waiting_;
  bool closed_ = false;
  std::jthread thread_{[this] { run(); }};
};

task handle(fapilog::logger log, int order, work_thread& checks, work_thread& payments, std::latch& done) {
  fapilog::coroutine_scope carried{
      fapilog::context::capture()};                // a fapilog::scope must not live across a co_await
  log.info("order accepted", kv("order", order));  // on the caller's thread
  co_await carried(checks.schedule());
  log.info("stock checked", kv("order", order));
  co_await carried(payments.schedule());
  log.info("card charged", kv("order", order));
  done.count_down();
}

int main() {
  fapilog::runtime rt{{.source_location = true}};  // shows the thread in each record
  auto const log = rt.get_logger("orders");
  std::latch done{3};
  work_thread checks;
  work_thread payments;

  for (int const order : {101, 102, 103}) {
    auto const scope = fapilog::scope(kv("request_id", order), kv("channel", "web"));
    handle(log, order, checks, payments, done);
  }  // the scope ends here, while the coroutine still runs
  log.info("all accepted");
  done.wait();
}
