// SPDX-License-Identifier: MIT
// What a thread does, as the kernel sees it: whether it sleeps.
#pragma once

#include <atomic>
#include <cstddef>
#include <fstream>
#include <string>

#include <sys/syscall.h>
#include <unistd.h>

namespace support {

[[nodiscard]] inline ::pid_t this_thread_id() noexcept { return static_cast<::pid_t>(::syscall(SYS_gettid)); }

/// Returns true if this thread of the process waits in the kernel, and not for a processor.
[[nodiscard]] inline bool is_asleep(::pid_t thread) {
  std::ifstream file{"/proc/self/task/" + std::to_string(thread) + "/stat"};
  std::string line;
  std::getline(file, line);
  auto const name_end = line.rfind(") ");  // the name may contain anything
  return name_end != std::string::npos && line.compare(name_end + 2, 1, "S") == 0;
}

/// Follows a thread that does nothing but log: the thread calls `begin` first and `count_call` after each call.
class followed_caller {
 public:
  void begin() noexcept { id_ = this_thread_id(); }
  void count_call() noexcept { ++calls_; }

  [[nodiscard]] std::size_t calls() const noexcept { return calls_; }
  /// Returns true if the thread sleeps in a call that waits for room. It sleeps nowhere else after its first call, which
  /// makes its lane.
  [[nodiscard]] bool waits_for_room() const { return calls_ > 0 && is_asleep(id_); }

 private:
  std::atomic<::pid_t> id_{0};
  std::atomic<std::size_t> calls_{0};
};

}  // namespace support
