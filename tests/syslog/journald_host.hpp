// SPDX-License-Identifier: MIT
// A systemd-journald that a test starts, stops and reads.
#pragma once

#include "support/catch.hpp"
#include "support/temporary_directory.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace support {

/// An entry of the journal: its fields, each with all its values.
using journal_entry = std::map<std::string, std::vector<std::string>>;

/// A journald in a mount namespace of its own. It does not run before `start`.
class journald_host {
 public:
  /// False, with a message of Catch, if this machine cannot run one.
  static bool is_possible() {
    bool const possible = ::geteuid() == 0 && std::filesystem::exists("/lib/systemd/systemd-journald") &&
                          std::filesystem::exists("/usr/bin/journalctl") &&
                          std::filesystem::exists("/etc/machine-id") &&
                          std::system("unshare --mount mount --make-rprivate / 2>/dev/null") == 0;
    if (!possible)
      WARN(
          "skipped: needs systemd-journald, journalctl, /etc/machine-id, python3, and root to make a mount "
          "namespace");
    return possible;
  }

  journald_host() {
    int to[2];
    int from[2];
    REQUIRE((::pipe2(to, O_CLOEXEC) == 0 && ::pipe2(from, O_CLOEXEC) == 0));
    std::string const script = std::filesystem::path{__FILE__}.replace_extension(".py").string();
    std::string const folder = folder_.path().string();
    child_ = ::fork();
    REQUIRE(child_ >= 0);
    if (child_ == 0) {
      ::dup2(to[0], 0);
      ::dup2(from[1], 1);
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::execlp("unshare", "unshare", "--mount", "--kill-child", "python3", script.c_str(), folder.c_str(),
               static_cast<char*>(nullptr));
      ::_exit(127);
    }
    ::close(to[0]);
    ::close(from[1]);
    commands_ = to[1];
    answers_ = ::fdopen(from[0], "r");
  }
  journald_host(journald_host const&) = delete;
  journald_host& operator=(journald_host const&) = delete;
  ~journald_host() {
    ::close(commands_);
    ::waitpid(child_, nullptr, 0);
    std::fclose(answers_);
  }

  /// "start", "stop" or "hold": see journald_host.py.
  void command(std::string const& text) {
    std::string const line = text + '\n';
    REQUIRE(::write(commands_, line.data(), line.size()) == static_cast<ssize_t>(line.size()));
    char answer[256] = {};
    REQUIRE(std::fgets(answer, sizeof answer, answers_) != nullptr);
    REQUIRE(std::string{answer} == "ok\n");
  }

  [[nodiscard]] std::string socket() const { return folder_ / "systemd/journal/socket"; }

  /// All entries with this SYSLOG_IDENTIFIER, in order, byte for byte.
  [[nodiscard]] std::vector<journal_entry> entries(std::string const& identifier) const {
    std::string const command =
        "journalctl -D " + (folder_ / "log/journal") + "/* -o export -t " + identifier + " 2>/dev/null";
    std::string text;
    std::FILE* const out = ::popen(command.c_str(), "r");
    char piece[65536];
    for (std::size_t got; (got = std::fread(piece, 1, sizeof piece, out)) > 0;) text.append(piece, got);
    ::pclose(out);
    return parse(text);
  }

 private:
  static std::vector<journal_entry> parse(std::string_view text) {
    std::vector<journal_entry> all;
    journal_entry one;
    while (!text.empty()) {
      std::string_view const line = text.substr(0, text.find('\n'));
      text.remove_prefix(line.size() + 1);
      if (line.empty()) {
        if (!one.empty()) all.push_back(std::move(one));
        one.clear();
        continue;
      }
      std::size_t const equals = line.find('=');
      if (equals != std::string_view::npos) {
        one[std::string{line.substr(0, equals)}].emplace_back(line.substr(equals + 1));
      } else {
        std::uint64_t size = 0;
        std::memcpy(&size, text.data(), sizeof size);
        one[std::string{line}].emplace_back(text.substr(sizeof size, size));
        text.remove_prefix(sizeof size + size + 1);
      }
    }
    if (!one.empty()) all.push_back(std::move(one));
    return all;
  }

  temporary_directory folder_;
  pid_t child_ = -1;
  int commands_ = -1;
  std::FILE* answers_ = nullptr;
};

}  // namespace support
