// SPDX-License-Identifier: MIT
// Ways to write a file: write(2) and io_uring, with blocks of several sizes. usage: bench_file_writes [folder]
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include <fcntl.h>
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

constexpr std::size_t total = 512U << 20U;

void require(bool holds, char const* what) {
  if (!holds) throw std::runtime_error(std::string{what} + ": " + std::strerror(errno));
}

/// io_uring by its system calls: up to `depth` blocks are written at once.
class ring {
 public:
  explicit ring(unsigned depth) : depth_(depth) {
    io_uring_params p{};
    ring_ = static_cast<int>(::syscall(__NR_io_uring_setup, depth, &p));
    require(ring_ >= 0, "io_uring_setup");
    submitted_ = map(p.sq_off.array + p.sq_entries * sizeof(unsigned), IORING_OFF_SQ_RING);
    completed_ = map(p.cq_off.cqes + p.cq_entries * sizeof(io_uring_cqe), IORING_OFF_CQ_RING);
    entries_ = reinterpret_cast<io_uring_sqe*>(map(p.sq_entries * sizeof(io_uring_sqe), IORING_OFF_SQES));
    parameters_ = p;
  }
  ring(ring const&) = delete;
  ring& operator=(ring const&) = delete;
  ~ring() { ::close(ring_); }

  void write(int file, char const* from, std::size_t block) {
    std::size_t const blocks = total / block;
    std::size_t sent = 0;
    std::size_t done = 0;
    while (done < blocks) {
      unsigned fresh = 0;
      for (; sent < blocks && sent - done < depth_; ++sent, ++fresh) {
        unsigned& tail = *word(submitted_, parameters_.sq_off.tail);
        unsigned const i = tail & *word(submitted_, parameters_.sq_off.ring_mask);
        io_uring_sqe& entry = entries_[i];
        entry = io_uring_sqe{};
        entry.opcode = IORING_OP_WRITE;
        entry.fd = file;
        entry.addr = reinterpret_cast<std::uintptr_t>(from);
        entry.len = static_cast<unsigned>(block);
        entry.off = sent * block;
        word(submitted_, parameters_.sq_off.array)[i] = i;
        __atomic_store_n(&tail, tail + 1, __ATOMIC_RELEASE);
      }
      require(::syscall(__NR_io_uring_enter, ring_, fresh, 1, IORING_ENTER_GETEVENTS, nullptr, 0) >= 0,
              "io_uring_enter");
      unsigned& head = *word(completed_, parameters_.cq_off.head);
      for (; head != __atomic_load_n(word(completed_, parameters_.cq_off.tail), __ATOMIC_ACQUIRE); ++done) {
        auto const* results = reinterpret_cast<io_uring_cqe const*>(completed_ + parameters_.cq_off.cqes);
        require(
            results[head & *word(completed_, parameters_.cq_off.ring_mask)].res == static_cast<int>(block),
            "a write was short");
        __atomic_store_n(&head, head + 1, __ATOMIC_RELEASE);
      }
    }
  }

 private:
  [[nodiscard]] char* map(std::size_t size, off_t offset) const {
    void* const at = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring_, offset);
    require(at != MAP_FAILED, "mmap");
    return static_cast<char*>(at);
  }
  static unsigned* word(char* in, unsigned offset) { return reinterpret_cast<unsigned*>(in + offset); }

  unsigned depth_;
  int ring_ = -1;
  io_uring_params parameters_{};
  char* submitted_ = nullptr;
  char* completed_ = nullptr;
  io_uring_sqe* entries_ = nullptr;
};

[[nodiscard]] double cpu_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  return static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
         static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1e-6;
}

/// depth 0: write(2)
void measure(std::string const& path, std::size_t block, unsigned depth) {
  std::vector<char> const bytes(block, 'x');
  int const file = ::open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  require(file >= 0, path.c_str());
  double const cpu = cpu_seconds();
  auto const begin = std::chrono::steady_clock::now();
  if (depth == 0) {
    for (std::size_t i = 0; i < total / block; ++i) {
      require(::write(file, bytes.data(), block) == static_cast<ssize_t>(block), "write");
    }
  } else {
    ring{depth}.write(file, bytes.data(), block);
  }
  std::chrono::duration<double> const took = std::chrono::steady_clock::now() - begin;
  double const used = cpu_seconds() - cpu;
  ::close(file);
  ::unlink(path.c_str());
  std::string const way = depth == 0 ? "write(2)" : "io_uring, depth " + std::to_string(depth);
  std::printf("%-18s %5zu KiB: %.2f ns/KiB, CPU %.2f ns/KiB\n", way.c_str(), block >> 10U,
              took.count() * 1e9 / (total >> 10U), used * 1e9 / (total >> 10U));
}

}  // namespace

int main(int argc, char** argv) try {
  std::string const path = std::string{argc > 1 ? argv[1] : "/dev/shm"} + "/bench_file_writes";
  for (std::size_t const block : {16U << 10U, 64U << 10U, 128U << 10U, 256U << 10U, 1U << 20U}) {
    for (unsigned const depth : {0U, 1U, 8U}) measure(path, block, depth);
  }
} catch (std::exception const& error) {
  std::fprintf(stderr, "bench_file_writes: %s\n", error.what());
  return 1;
}
