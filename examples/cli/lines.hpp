// SPDX-License-Identifier: MIT
// Reads the lines of files, of compressed files and of standard input, also while they grow and are rotated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

/// Divides what is read into lines. Lines that are longer than `longest` are left out and counted.
class line_splitter {
 public:
  static constexpr std::size_t longest = std::size_t{64} << 20;

  /// Room for at least this many bytes.
  [[nodiscard]] char* room(std::size_t size);
  /// `size` bytes have been written to `room`. Calls `take(line)` for each line that is complete; stops if it returns false.
  template <class Take>
  [[nodiscard]] bool add(std::size_t size, Take&& take);
  /// Calls `take` for the last line if it has no end.
  template <class Take>
  [[nodiscard]] bool finish(Take&& take);

  [[nodiscard]] std::uint64_t too_long() const noexcept { return too_long_; }

 private:
  std::vector<char> buffer_;
  std::size_t begin_ = 0;    ///< of the first line that was not passed on
  std::size_t scanned_ = 0;  ///< no line ends before
  std::size_t end_ = 0;
  bool is_skipping_ = false;
  std::uint64_t too_long_ = 0;
};

struct reading {
  bool follow = false;  ///< wait for more lines at the end, and continue with the new file after a rotation
};

/// Calls `take(line)` for each line of the files in order, `-` and no file being standard input, until it returns false. `idle` is called
/// before it waits for more. Files that end with `.gz`, or begin like gzip, are decompressed. Returns the files that could not be read, with
/// reasons. Throws: what `take` throws; usage_error if several files are to be followed.
std::vector<std::string> read_lines(std::vector<std::string> const& files, reading how,
                                    std::function<bool(std::string_view)> const& take,
                                    std::function<void()> const& idle);

}  // namespace cli
