// SPDX-License-Identifier: MIT
// A program in Python that listens on a port, which it writes to the file `port` of its directory.
#pragma once

#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/server_process.hpp"
#include "support/temporary_directory.hpp"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace support {

class python_server {
 public:
  /// `name` is a file beside this one. Its arguments are the directory and these.
  void start(std::string const& name, std::vector<std::string> const& more = {}) {
    give_to_server_user(folder_.path().string());
    std::string const program = text(std::filesystem::path{__FILE__}.parent_path() / name);
    std::vector<std::string> arguments{"/usr/bin/python3", "-c", program, folder_.path().string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    process_ = spawn_server(arguments, folder_ / "log");
    REQUIRE(eventually([&] { return std::filesystem::exists(folder_ / "port"); }));
  }
  python_server() = default;
  python_server(python_server const&) = delete;
  python_server& operator=(python_server const&) = delete;
  ~python_server() {
    if (process_ == 0) return;
    ::kill(process_, SIGKILL);
    (void)wait_for_process(process_);
  }

  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + read("port"); }
  [[nodiscard]] bool has(std::string const& name) const { return std::filesystem::exists(folder_ / name); }
  [[nodiscard]] std::string read(std::string const& name) const { return text(folder_ / name); }
  /// Replaces a file at once.
  void write(std::string const& name, std::string const& content) const {
    std::ofstream{folder_ / (name + ".new")} << content;
    std::filesystem::rename(folder_ / (name + ".new"), folder_ / name);
  }

 private:
  static std::string text(std::filesystem::path const& path) {
    std::ifstream file{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
  }

  temporary_directory folder_;
  pid_t process_ = 0;
};

}  // namespace support
