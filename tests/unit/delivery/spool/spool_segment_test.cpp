// SPDX-License-Identifier: MIT
// A spool file after a power failure: the writes since the last sync are on disk in any order, in part, or not at all.
#include <fapilog/delivery/spool/spool_segment.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <sys/syscall.h>
#include <unistd.h>

#include "support/catch.hpp"
#include "support/files.hpp"
#include "support/temporary_directory.hpp"

using fapilog::detail::spool_segment;

namespace {
std::atomic<int> data_syncs{0};
}

// In place of those of the C library, for the whole program.
extern "C" int fdatasync(int descriptor) {
  ++data_syncs;
  return static_cast<int>(::syscall(SYS_fdatasync, descriptor));
}
extern "C" int fsync(int descriptor) {
  ++data_syncs;
  return static_cast<int>(::syscall(SYS_fsync, descriptor));
}

namespace {

constexpr std::size_t sector = 512;  ///< a disk writes this many bytes whole or not at all

/// The payloads of all frames that a next process reads, and how many bytes it skipped.
std::vector<std::string> frames_of(std::string const& path) {
  spool_segment read;
  std::string error;
  REQUIRE(read.open(path, error));
  std::vector<std::string> all;
  for (auto next = read.front(); next.found; next = read.front()) {
    all.push_back(next.payload);
    CHECK(next.records == next.payload.size());
    read.consume(next.end);
  }
  read.close();
  return all;
}

/// What may be on disk if the power fails while `before` becomes `after`: of each sector that differs, either content; of the size,
/// either one.
std::string after_power_failure(std::string const& before, std::string const& after, std::mt19937& random) {
  std::string disk = before;
  disk.resize((std::max)(before.size(), after.size()), '\0');
  std::string next = after;
  next.resize(disk.size(), '\0');
  for (std::size_t at = 0; at < disk.size(); at += sector) {
    std::size_t const size = (std::min)(sector, disk.size() - at);
    if (random() % 2 == 0) disk.replace(at, size, next, at, size);
  }
  if (random() % 2 == 0) disk.resize(before.size() + random() % (disk.size() - before.size() + 1));
  return disk;
}

std::string payload_of(std::size_t frame, std::size_t size) {
  return std::string(size, static_cast<char>('a' + frame % 26));
}

}  // namespace

TEST_CASE("a power failure loses no frame that was synced, and makes none that was not written") {
  support::temporary_directory directory;
  std::string const path = directory / "one.spool";
  std::string const disk = directory / "disk.spool";
  std::mt19937 random{20'261'128};
  spool_segment segment;
  REQUIRE(segment.create(path) == 0);
  std::vector<std::string> synced;  ///< frames that are on disk, the delivered ones too
  std::size_t delivered = 0;        ///< of them, by the latest note
  for (std::size_t frame = 0; frame < 60; ++frame) {
    std::string const before = support::content_of(path);
    // Between two syncs a frame is appended and, often, the delivery of an earlier one is noted.
    std::string const payload = payload_of(frame, 1 + random() % 3'000);
    REQUIRE(segment.append(payload, static_cast<std::uint32_t>(payload.size()), true) == 0);
    bool const has_note = frame % 3 == 1;
    if (has_note) segment.record_progress(segment.next(segment.consumed()).end);
    std::string const after = support::content_of(path);
    for (int round = 0; round < 100; ++round) {
      support::write_file(disk, after_power_failure(before, after, random));
      auto const found = frames_of(disk);
      // All synced frames from the first one that was not delivered, by the old note or the new one; then, perhaps, the new frame.
      auto expected = std::vector(synced.begin() + static_cast<std::ptrdiff_t>(delivered), synced.end());
      bool const has_new = !found.empty() && found.back() == payload;
      if (has_new) expected.push_back(payload);
      bool const is_noted = has_note && !expected.empty() && found.size() + 1 == expected.size();
      if (is_noted) expected.erase(expected.begin());
      CHECK(found == expected);
    }
    synced.push_back(payload);
    if (has_note) {
      segment.consume(segment.next(segment.consumed()).end);
      ++delivered;
    }
  }
  segment.close();
}

TEST_CASE("a frame is on disk when its append returns, if the spool syncs") {
  support::temporary_directory directory;
  spool_segment segment;
  REQUIRE(segment.create(directory / "one.spool") == 0);
  data_syncs = 0;
  REQUIRE(segment.append("first", 5, false) == 0);
  CHECK(data_syncs == 0);
  REQUIRE(segment.append("second", 6, true) == 0);
  CHECK(data_syncs == 1);
}

TEST_CASE("the next process begins with the first frame that was not delivered") {
  support::temporary_directory directory;
  std::string const path = directory / "one.spool";
  {
    spool_segment segment;
    REQUIRE(segment.create(path) == 0);
    for (std::string const payload : {"one", "two", "three"})
      REQUIRE(segment.append(payload, static_cast<std::uint32_t>(payload.size()), false) == 0);
    segment.consume(segment.front().end);
    segment.close();
  }
  CHECK(frames_of(path) == std::vector<std::string>{"two", "three"});
}

TEST_CASE("a spool file that is cut anywhere gives the frames before the cut") {
  support::temporary_directory directory;
  std::string const path = directory / "one.spool";
  spool_segment segment;
  REQUIRE(segment.create(path) == 0);
  std::vector<std::size_t> ends;
  for (std::size_t frame = 0; frame < 4; ++frame) {
    std::string const payload = payload_of(frame, 30 + frame);
    REQUIRE(segment.append(payload, static_cast<std::uint32_t>(payload.size()), false) == 0);
    ends.push_back(static_cast<std::size_t>(segment.size()));
  }
  segment.close();
  std::string const whole = support::content_of(path);
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    support::write_file(path, whole.substr(0, size));
    auto const complete =
        std::count_if(ends.begin(), ends.end(), [size](std::size_t end) { return end <= size; });
    auto const found = frames_of(path);
    REQUIRE(found.size() == static_cast<std::size_t>(complete));
    for (std::size_t frame = 0; frame < found.size(); ++frame)
      CHECK(found[frame] == payload_of(frame, 30 + frame));
  }
}
