// SPDX-License-Identifier: MIT
#include "support/batches.hpp"
#include "support/catch.hpp"
#include "support/loopback_socket.hpp"

#include <fapilog/sinks/syslog.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

using fapilog::write_outcome;
using namespace std::chrono_literals;

namespace {

/// A RELP receiver for one connection that answers each command as `answer(number, command)` says.
class scripted_relp {
 public:
  using script = std::function<std::string(int number, std::string const& command)>;

  explicit scripted_relp(script answer, int connections = 1) : answer_(std::move(answer)) {
    thread_ = std::thread{[this, connections] {
      for (int i = 0; i < connections; ++i) serve();
    }};
  }
  scripted_relp(scripted_relp const&) = delete;
  scripted_relp& operator=(scripted_relp const&) = delete;
  ~scripted_relp() {
    socket_.shut_down();
    thread_.join();
  }

  [[nodiscard]] fapilog::sinks::syslog_config config() const {
    return {.transport = fapilog::sinks::syslog_transport::relp,
            .host = "127.0.0.1",
            .port = socket_.port(),
            .write_timeout = 200ms};
  }

  static std::string response(int number, std::string const& text) {
    return std::to_string(number) + " rsp " + std::to_string(text.size()) + ' ' + text + '\n';
  }

 private:
  void serve() {
    int const connection = socket_.accept();
    if (connection < 0) return;
    std::string received;
    char bytes[4096];
    for (ssize_t got = 1; got > 0;) {
      for (std::string command; take(received, command);) {
        std::size_t const space = command.find(' ');
        std::string const answer =
            answer_(std::stoi(command), command.substr(space + 1, command.find(' ', space + 1) - space - 1));
        if (answer == "end") {
          ::close(connection);
          return;
        }
        if (!answer.empty()) (void)::send(connection, answer.data(), answer.size(), MSG_NOSIGNAL);
      }
      got = ::recv(connection, bytes, sizeof bytes, 0);
      if (got > 0) received.append(bytes, static_cast<std::size_t>(got));
    }
    ::close(connection);
  }
  /// Takes `1 syslog 4 text` and the line end.
  static bool take(std::string& from, std::string& command) {
    std::size_t const name = from.find(' ');
    std::size_t const size = name == std::string::npos ? name : from.find(' ', name + 1);
    if (size == std::string::npos) return false;
    std::size_t const size_end = from.find_first_of(" \n", size + 1);
    if (size_end == std::string::npos) return false;
    std::size_t const bytes = std::stoul(from.substr(size + 1, size_end - size - 1));
    std::size_t const end = bytes == 0 ? size_end + 1 : size_end + 1 + bytes + 1;
    if (from.size() < end) return false;
    command = from.substr(0, end);
    from.erase(0, end);
    return true;
  }

  script answer_;
  support::loopback_socket socket_;
  std::thread thread_;
};

fapilog::batch numbered(int count) {
  support::events events;
  for (int i = 0; i < count; ++i) events.add("numbered");
  return events.batch();
}

}  // namespace

TEST_CASE("a record counts as delivered when the receiver has acknowledged it, in any order") {
  std::string kept;
  scripted_relp receiver{[&kept](int number, std::string const& command) -> std::string {
    std::string const ok = scripted_relp::response(number, "200 OK");
    if (command == "open") return scripted_relp::response(number, "200 OK\nrelp_version=1\ncommands=syslog");
    if (number == 2) {
      kept = ok;
      return {};
    }
    return number == 11 ? ok + std::exchange(kept, {}) : ok;
  }};
  fapilog::sinks::syslog sink{receiver.config()};
  CHECK(sink.write(numbered(10)));
  CHECK(sink.health().healthy);
}

TEST_CASE("only records that were not acknowledged are written again") {
  scripted_relp receiver{[](int number, std::string const& command) -> std::string {
    bool const is_silent = command == "syslog" && (number == 4 || number > 6);
    return is_silent ? std::string{} : scripted_relp::response(number, "200 OK");
  }};
  fapilog::sinks::syslog sink{receiver.config()};
  auto const result = sink.write(numbered(8));  // the numbers 2 to 9
  CHECK(result.outcome() == write_outcome::retry);
  CHECK(result.entries_to_retry() == std::vector<std::size_t>{2, 5, 6, 7});
  CHECK(result.reason() == "the receiver does not acknowledge records");
  CHECK_FALSE(sink.health().healthy);
}

TEST_CASE("a write to a silent RELP receiver that is cancelled ends before its timeout") {
  std::promise<void> has_records;
  bool is_first = true;
  scripted_relp receiver{[&](int number, std::string const& command) -> std::string {
    if (command == "open") return scripted_relp::response(number, "200 OK");
    if (std::exchange(is_first, false)) has_records.set_value();
    return {};
  }};
  auto config = receiver.config();
  config.write_timeout = 24h;
  fapilog::sinks::syslog sink{config};
  auto pending = std::async(std::launch::async, [&] { return sink.write(numbered(3)); });
  has_records.get_future().wait();
  sink.cancel();
  auto const result = pending.get();
  CHECK(result.outcome() == write_outcome::retry);
  CHECK(result.reason() == "the time of the drain has run out");
  CHECK(sink.write(numbered(1)).outcome() == write_outcome::retry);  // and does not connect
}

TEST_CASE("a record that the receiver refuses is rejected alone") {
  scripted_relp receiver{[](int number, std::string const&) {
    return scripted_relp::response(number, number == 3 ? "500 bad record" : "200 OK");
  }};
  fapilog::sinks::syslog sink{receiver.config()};
  auto const result = sink.write(numbered(4));
  CHECK(result.outcome() == write_outcome::rejected);
  CHECK(result.rejected_entries() == std::vector<std::size_t>{1});
  CHECK(result.reason() == "the receiver refuses: 500 bad record");
}

TEST_CASE("a RELP session that ends, or is none, makes the records wait for the next one") {
  for (auto const& [answer, reason] : std::vector<std::pair<std::string, std::string>>{
           {"0 serverclose 0\n", "the receiver has ended the session"},
           {"end", "Connection reset by peer"},
           {"HTTP/1.1 400 Bad Request\r\n\r\n", "the receiver does not speak RELP"},
           {"9999999999999 rsp 6 200 OK\n", "the receiver does not speak RELP"},
           {"2 rsp 99999999 200 OK\n", "the receiver does not speak RELP"},
           {"2 rsp 6 200 OKX", "the receiver does not speak RELP"}}) {
    INFO(answer);
    int sessions = 0;
    scripted_relp receiver{
        [&sessions, &a = answer](int number, std::string const& command) -> std::string {
          if (command == "open") ++sessions;
          return command == "syslog" && sessions == 1 ? a : scripted_relp::response(number, "200 OK");
        },
        2};
    fapilog::sinks::syslog sink{receiver.config()};
    auto const result = sink.write(numbered(1));
    CHECK(result.outcome() == write_outcome::retry);
    CHECK(result.reason().find(reason) == 0);
    CHECK(sink.write(numbered(1)));
    sink.stop();
  }
}

TEST_CASE("a receiver that begins no RELP session is reported") {
  scripted_relp receiver{
      [](int number, std::string const&) { return scripted_relp::response(number, "500 unknown client"); }};
  fapilog::sinks::syslog sink{receiver.config()};
  auto const result = sink.write(numbered(1));
  CHECK(result.outcome() == write_outcome::retry);
  CHECK(result.reason() ==
        "the receiver does not begin a RELP session: the receiver refuses: 500 unknown client");
}
