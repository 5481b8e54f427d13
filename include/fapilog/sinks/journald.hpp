// SPDX-License-Identifier: MIT
// The sink for systemd-journald: every field of a record becomes a journal field.
#pragma once

#include <fapilog/detail/os/file.hpp>
#include <fapilog/detail/os/socket.hpp>
#include <fapilog/detail/os/system.hpp>
#include <fapilog/detail/settings/setting_check.hpp>
#include <fapilog/detail/text/concat.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/setting.hpp>
#include <fapilog/sinks/journald/detail/journal_record.hpp>
#include <fapilog/sinks/sink.hpp>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::sinks {

struct journald_config {
  /// Of a namespace: `/run/systemd/journal.NAME/socket`.
  std::string socket = "/run/systemd/journal/socket";
  /// The field SYSLOG_IDENTIFIER, by which `journalctl -t` selects. Empty: the name of the program.
  std::string identifier = {};
  /// How long a record waits while journald has no room.
  std::chrono::milliseconds write_timeout{5'000};

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    constexpr double day = 86'400;
    // clang-format off
    visit(setting{.name = "socket", .text = "Socket of journald; of a namespace: `/run/systemd/journal.NAME/socket`.", .not_empty = true}, self.socket);
    visit(setting{.name = "identifier", .text = "SYSLOG_IDENTIFIER, by which `journalctl -t` selects; empty: the name of the program."}, self.identifier);
    visit(setting{.name = "write_timeout", .text = "How long a record waits while journald has no room; then it is tried again.", .min = 0.001, .max = day, .advanced = true}, self.write_timeout);
    // clang-format on
  }

  [[gnu::cold]] static void(check)(journald_config const& c, setting_problems& problems) {
    if (!detail::fits_unix_address(c.socket))
      problems.add("socket", "must be short enough for the path of a socket (107 bytes on Linux)");
    if (c.socket.find('\0') != std::string::npos) problems.add("socket", "must not contain a NUL character");
    if (c.identifier.find('\n') != std::string::npos) problems.add("identifier", "contains a line break");
  }
};

/// Writes each record as one entry of the journal, by journald's native protocol: no libsystemd is needed. Keys become names
/// of journal fields; values may be of any size and have any bytes. An entry is written completely or not at all. While
/// journald is away or has no room, records wait in the queue, the spool or the fallback of their delivery.
/// Thread: one at a time. Throws: std::bad_alloc. The constructor throws std::invalid_argument for invalid settings.
class journald {
 public:
  static constexpr bool needs_json = false;
  static constexpr bool may_block = true;

  explicit journald(journald_config config = {})
      : config_(std::move(config)),
        timeout_ms_(static_cast<int>(config_.write_timeout.count())),
        writer_(config_.identifier.empty() ? detail::program_name() : config_.identifier) {
    check_settings(name(), config_);
  }

  [[nodiscard]] static std::string_view name() noexcept { return "journald"; }

  write_result write(batch const& entries) {
    std::vector<std::size_t> refused;
    for (std::size_t first = 0; first < entries.size();) {
      put_records(entries, first);
      std::size_t const done = send_records(first, refused);
      first += done;
      if (done < records_.size()) return failed(std::move(refused), first, entries.size());
    }
    problem_.clear();
    return write_result::partly({}, std::move(refused),
                                "too large for a datagram, and the system has no sealed memory");
  }

  void stop() { socket_.close(); }

  [[nodiscard]] sink_health health() const {
    return problem_.empty() ? sink_health{} : sink_health{false, problem_};
  }

 private:
  /// False also in a forked child, which must not share the socket of its parent.
  [[nodiscard]] bool is_connected() const noexcept {
    return socket_.is_open() && connected_by_ == detail::process_mark();
  }
  bool connect() {
    constexpr int wanted_buffer = 8 << 20;  // larger records take the way of `seal_memory`
    auto made = detail::connect_unix(config_.socket, detail::socket_kind::datagram, timeout_ms_);
    socket_ = std::move(made.handle);
    problem_ = std::move(made.problem);
    if (!socket_.is_open()) return false;
    detail::request_send_buffer(socket_, wanted_buffer);
    connected_by_ = detail::process_mark();
    return true;
  }

  /// The entries from `first` on are written again.
  [[nodiscard]] write_result failed(std::vector<std::size_t> refused, std::size_t first,
                                    std::size_t count) const {
    if (refused.empty()) return write_result::retry(problem_, first);
    std::vector<std::size_t> again(count - first);
    std::iota(again.begin(), again.end(), first);
    return write_result::partly(std::move(again), std::move(refused), problem_);
  }

  /// Makes records of some entries, from `first` on.
  void put_records(batch const& entries, std::size_t first) {
    constexpr std::size_t max_count = 64;
    constexpr std::size_t max_bytes = 65'536;  // the last record may lie beyond
    writer_.clear();
    std::array<std::size_t, max_count> ends{};
    std::size_t count = 0;
    while (count < max_count && first + count < entries.size() && writer_.text().size() < max_bytes) {
      writer_.put(entries[first + count].event);
      ends[count++] = writer_.text().size();
    }
    records_.clear();
    std::size_t begin = 0;
    for (std::size_t i = 0; i < count; begin = ends[i++])
      records_.push_back(writer_.text().view().substr(begin, ends[i] - begin));
  }

  /// Returns how many of `records_`, which are those of the entries from `first` on, are sent or refused.
  [[nodiscard]] std::size_t send_records(std::size_t first, std::vector<std::size_t>& refused) {
    std::size_t done = 0;
    while (done < records_.size() && (is_connected() || connect())) {
      auto const sent = detail::send_datagrams(socket_, std::span{records_}.subspan(done), timeout_ms_);
      done += sent.count;
      if (sent.error == 0) break;
      int const error = send_otherwise(records_[done], sent.error);
      if (error == ENOSYS) {
        refused.push_back(first + done);
      } else if (error != 0) {
        if (error != EAGAIN) socket_.close();
        problem_ = detail::concat(
            {config_.socket, ": ",
             error == EAGAIN ? "journald takes no records, its socket is full" : detail::errno_text(error)});
        break;
      }
      ++done;
    }
    return done;
  }

  /// Sends a record for which a datagram failed with `error`.
  [[nodiscard]] int send_otherwise(std::string_view record, int error) {
    if (is_too_large(error)) error = send_sealed(record);
    if (error == 0 || error == EAGAIN || error == ENOSYS || !connect()) return error;
    // After a restart of journald the socket is another one.
    error = detail::send_datagram(socket_, record, timeout_ms_);
    return is_too_large(error) ? send_sealed(record) : error;
  }
  [[nodiscard]] static bool is_too_large(int error) noexcept { return error == EMSGSIZE || error == ENOBUFS; }
  [[nodiscard]] int send_sealed(std::string_view record) const {
    detail::opened_file const memory = detail::seal_memory(record);
    return memory.error != 0 ? memory.error : detail::send_file(socket_, memory.handle, timeout_ms_);
  }

  detail::file socket_;
  std::int64_t connected_by_ = 0;
  journald_config config_;
  int timeout_ms_;
  detail::journal::record_writer writer_;
  std::vector<std::string_view> records_;  ///< in the text of `writer_`
  std::string problem_;
};

}  // namespace fapilog::inline v0_1::sinks
