// SPDX-License-Identifier: MIT
// A receiver over HTTP for tests, which records requests and answers by a script.
#pragma once

#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/server_process.hpp"
#include "support/temporary_directory.hpp"

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>
#include <unistd.h>

namespace support {

inline std::string text_of_file(std::filesystem::path const& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}
inline void write_text_file(std::filesystem::path const& path, std::string const& text) {
  std::ofstream{path, std::ios::binary} << text;
}

/// A request as the server got it.
struct recorded_request {
  std::string line;  ///< `POST /path HTTP/1.1`
  std::string peer_port;
  std::string head;
  std::string body;

  /// The value of a header, or "(none)".
  [[nodiscard]] std::string header(std::string const& name) const {
    std::string const begin = "\n" + name + ": ";
    std::size_t const at = head.find(begin);
    if (at == std::string::npos) return "(none)";
    return head.substr(at + begin.size(), head.find('\n', at + 1) - at - begin.size());
  }
};

/// tests/http/recording_server.py, which describes the script.
class recording_server {
 public:
  explicit recording_server(std::vector<std::string> const& script, std::vector<std::string> tls_files = {})
      : tls_files_(std::move(tls_files)) {
    give_to_server_user(folder_.path().string());
    answer(script);
    start();
  }
  recording_server(recording_server const&) = delete;
  recording_server& operator=(recording_server const&) = delete;
  ~recording_server() { stop(); }

  void start() {
    auto const program = std::filesystem::path{__FILE__}.parent_path() / "recording_server.py";
    std::vector<std::string> arguments{"/usr/bin/python3", "-c", text_of_file(program),
                                       folder_.path().string()};
    arguments.insert(arguments.end(), tls_files_.begin(), tls_files_.end());
    process_ = spawn_server(std::move(arguments), folder_ / "log");
    REQUIRE(eventually([&] { return std::filesystem::exists(folder_.path() / "port") && accepts(); }));
    port_ = text_of_file(folder_.path() / "port");
  }
  /// Kills the server. `start` starts it again on the same port.
  void stop() {
    if (process_ == 0) return;
    ::kill(process_, SIGKILL);
    (void)wait_for_process(std::exchange(process_, 0));
  }
  /// Replaces the script. Line N is for request N, counted from the first one of all.
  void answer(std::vector<std::string> const& script) {
    std::string text;
    for (std::string const& line : script) text += (text.empty() ? "" : "\n") + line;
    write_text_file(folder_.path() / "script.new", text);
    std::filesystem::rename(folder_.path() / "script.new", folder_.path() / "script");
  }

  [[nodiscard]] std::string const& port() const { return port_; }
  [[nodiscard]] std::string peer() const { return "127.0.0.1:" + port_; }
  [[nodiscard]] std::string url(std::string const& path = "/in") const { return "http://" + peer() + path; }
  [[nodiscard]] std::vector<recorded_request> requests() const {
    std::vector<recorded_request> all;
    for (int i = 0;; ++i) {
      auto const head = folder_.path() / (std::to_string(i) + ".head");
      if (!std::filesystem::exists(head)) return all;
      recorded_request one;
      std::istringstream text{text_of_file(head)};
      std::getline(text, one.line);
      std::getline(text, one.peer_port);
      one.head = "\n" + std::string{std::istreambuf_iterator<char>{text}, {}};
      one.body = text_of_file(folder_.path() / (std::to_string(i) + ".body"));
      all.push_back(std::move(one));
    }
  }
  /// The lines of the file `documents`.
  [[nodiscard]] std::vector<std::string> documents() const {
    std::vector<std::string> all;
    std::istringstream text{text_of_file(folder_.path() / "documents")};
    for (std::string line; std::getline(text, line);) all.push_back(std::move(line));
    return all;
  }

 private:
  /// True if the process listens: the file with the port may be that of the previous one.
  [[nodiscard]] bool accepts() const {
    std::string const port = text_of_file(folder_.path() / "port");
    std::ifstream sockets{"/proc/net/tcp"};
    std::ostringstream hex;
    hex << std::uppercase << std::hex << std::stoi(port);
    std::string const digits = std::string(4 - (std::min)(std::size_t{4}, hex.str().size()), '0') + hex.str();
    std::string const wanted = "0100007F:" + digits + " 00000000:0000 0A";
    for (std::string line; std::getline(sockets, line);) {
      if (line.find(wanted) != std::string::npos) return true;
    }
    return false;
  }

  temporary_directory folder_;
  std::vector<std::string> tls_files_;
  std::string port_;
  pid_t process_ = 0;
};

}  // namespace support
