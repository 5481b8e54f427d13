// SPDX-License-Identifier: MIT
// A server of NATS for one connection that answers each published message as a script says.
#pragma once

#include "support/loopback_socket.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

namespace support {

/// Answer N is for message N; the last one is for all further messages.
class scripted_nats {
 public:
  explicit scripted_nats(std::vector<std::string> answers) : answers_(std::move(answers)) {
    thread_ = std::thread{[this] { serve(); }};
  }
  scripted_nats(scripted_nats const&) = delete;
  scripted_nats& operator=(scripted_nats const&) = delete;
  /// After the client has closed its connection.
  ~scripted_nats() {
    socket_.shut_down();
    thread_.join();
  }

  [[nodiscard]] std::string url() const { return "nats://127.0.0.1:" + std::to_string(socket_.port()); }

 private:
  void serve() {
    int const connection = socket_.accept();
    if (connection < 0) return;
    auto const send = [connection](std::string const& text) {
      (void)::send(connection, text.data(), text.size(), MSG_NOSIGNAL);
    };
    send("INFO {\"server_id\":\"S\",\"version\":\"2.11.0\",\"proto\":1,\"host\":\"127.0.0.1\",\"port\":" +
         std::to_string(socket_.port()) +
         ",\"headers\":true,\"jetstream\":true,\"max_payload\":1048576}\r\n");
    std::string received;
    std::string subscription;
    char bytes[4096];
    for (ssize_t got = 0; (got = ::recv(connection, bytes, sizeof bytes, 0)) > 0;) {
      received.append(bytes, static_cast<std::size_t>(got));
      for (std::size_t end; (end = received.find("\r\n")) != std::string::npos;) {
        std::istringstream line{received.substr(0, end)};
        std::string word;
        std::vector<std::string> words;
        while (line >> word) words.push_back(word);
        std::size_t whole = end + 2;
        if (words.at(0) == "HPUB") whole += std::stoul(words.back()) + 2;
        if (received.size() < whole) break;
        if (words[0] == "PING") send("PONG\r\n");
        if (words[0] == "SUB") subscription = words.back();
        if (words[0] == "HPUB") {
          std::string const& answer = answers_[(std::min)(published_++, answers_.size() - 1)];
          send("MSG " + words.at(2) + ' ' + subscription + ' ' + std::to_string(answer.size()) + "\r\n" +
               answer + "\r\n");
        }
        received.erase(0, whole);
      }
    }
    ::close(connection);
  }

  std::vector<std::string> answers_;
  std::size_t published_ = 0;
  loopback_socket socket_;
  std::thread thread_;
};

}  // namespace support
