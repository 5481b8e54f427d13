// SPDX-License-Identifier: MIT
// Context in a thread pool: a task logs with the context of the code that submitted it.
#include <fapilog/fapilog.hpp>

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

using fapilog::kv;

class thread_pool {
 public:
  explicit thread_pool(int size) {
    for (int i = 0; i < size; ++i) threads_.emplace_back([this] { run(); });
  }
  // The threads, joined after this, first run every task that was submitted.
  ~thread_pool() {
    std::lock_guard const lock{mutex_};
    closed_ = true;
    changed_.notify_all();
  }

  void submit(std::function<void()> task) {
    auto with_context = [context = fapilog::context::capture(), task = std::move(task)] {
      auto const attached = context.attach();  // for this block, on the thread that runs the task
      task();
    };
    std::lock_guard const lock{mutex_};
    tasks_.emplace_back(std::move(with_context));
    changed_.notify_one();
  }

 private:
  void run() {
    std::unique_lock lock{mutex_};
    for (;;) {
      changed_.wait(lock, [this] { return closed_ || !tasks_.empty(); });
      if (tasks_.empty()) return;
      auto const task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;
  bool closed_ = false;
  std::vector<std::jthread> threads_;
};

int main() {
  fapilog::runtime rt{{.source_location = true}};  // shows the thread in each record
  auto const log = rt.get_logger("orders");
  thread_pool pool{2};

  for (int const order : {101, 102, 103}) {
    auto const scope = fapilog::scope(kv("request_id", order), kv("channel", "web"));
    log.info("order accepted", kv("order", order));
    pool.submit([log, order] { log.info("card charged", kv("order", order)); });
    pool.submit([log, order] { log.info("receipt sent", kv("order", order)); });
  }
  pool.submit([log] { log.info("cache cleaned"); });  // belongs to no request
}
