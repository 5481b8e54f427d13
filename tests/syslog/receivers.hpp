// SPDX-License-Identifier: MIT
// Receivers of syslog messages: rsyslog and syslog-ng, which the tests start, kill and read.
#pragma once

#include "support/catch.hpp"
#include "support/child_process.hpp"
#include "support/eventually.hpp"
#include "support/temporary_directory.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace support {

/// A port of the loopback interface that nobody uses now.
inline std::uint16_t free_port() {
  int const socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  REQUIRE(::bind(socket, reinterpret_cast<sockaddr const*>(&address), sizeof address) == 0);
  REQUIRE(::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  ::close(socket);
  return ntohs(address.sin_port);
}

/// A message as a receiver understood it: the parts of its header, `msg`, and the parameters of its fields.
struct received_message {
  std::string priority, host, app, process, type, text;
  nlohmann::json fields;
};

/// A daemon that writes each message that it receives as a line of JSON to a file. It does not run before `start`.
class syslog_daemon {
 public:
  syslog_daemon(syslog_daemon const&) = delete;
  syslog_daemon& operator=(syslog_daemon const&) = delete;
  virtual ~syslog_daemon() { stop(SIGKILL); }

  void start() {
    std::string const log = folder_ / "log";
    child_ = start_child([&] {
      int const out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
      ::dup2(out, 1);
      ::dup2(out, 2);
      for (int other = 3; other < 256; ++other) ::close(other);
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      std::vector<std::string> arguments = command();
      std::vector<char*> argv;
      for (std::string& one : arguments) argv.push_back(one.data());
      argv.push_back(nullptr);
      ::execv(argv[0], argv.data());
    });
    bool const is_ready = eventually([&] { return accepts(tcp_port) || ended(); });
    INFO(content_of(log));
    REQUIRE((is_ready && child_ > 0));
  }
  void stop(int signal = SIGTERM) {
    if (child_ <= 0) return;
    ::kill(child_, signal);
    ::waitpid(child_, nullptr, 0);
    child_ = -1;
  }

  /// All messages so far, in order.
  [[nodiscard]] std::vector<received_message> messages() const {
    std::string const text = content_of(output());
    std::vector<received_message> all;
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
      auto const line = nlohmann::json::parse(text.substr(begin, end - begin), nullptr, false);
      if (!line.is_discarded())
        all.push_back(parse(line));  // a daemon that is killed can leave a part of a line
    }
    return all;
  }
  [[nodiscard]] bool wait_for(std::size_t count) const {
    return eventually([&] {
      std::ifstream file{output()};
      return static_cast<std::size_t>(std::count(std::istreambuf_iterator<char>{file}, {}, '\n')) >= count;
    });
  }

  /// Bytes of all messages so far, as the daemon writes them.
  [[nodiscard]] std::uintmax_t output_bytes() const {
    std::error_code none;
    std::uintmax_t const bytes = std::filesystem::file_size(output(), none);
    return none ? 0 : bytes;
  }
  /// The last message, as the daemon wrote it.
  [[nodiscard]] std::string last_line() const {
    std::ifstream file{output()};
    std::string last;
    for (std::string line; std::getline(file, line) && !file.eof();) last = std::move(line);
    return last;
  }

  [[nodiscard]] std::string datagram_path() const { return folder_ / "datagram"; }
  [[nodiscard]] std::string stream_path() const { return folder_ / "stream"; }

  static bool accepts(std::uint16_t port) {
    int const socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    bool const accepted = ::connect(socket, reinterpret_cast<sockaddr const*>(&address), sizeof address) == 0;
    ::close(socket);
    return accepted;
  }

  std::uint16_t const tcp_port = free_port();
  std::uint16_t const newline_port = free_port();
  std::uint16_t const udp_port = free_port();
  std::uint16_t const relp_port = free_port();

 protected:
  syslog_daemon() = default;
  [[nodiscard]] virtual std::vector<std::string> command() const = 0;
  [[nodiscard]] virtual received_message parse(nlohmann::json const& line) const = 0;
  [[nodiscard]] std::string output() const { return folder_ / "output"; }
  [[nodiscard]] std::string folder() const { return folder_.path().string(); }
  std::string write_config(std::string const& text) const {
    std::string path = folder_ / "config";
    std::ofstream{path} << text;
    return path;
  }
  static std::string without_bom(std::string text) {
    return text.starts_with("\xEF\xBB\xBF") ? text.substr(3) : text;
  }

 private:
  static std::string content_of(std::string const& path) {
    std::ifstream file{path};
    return {std::istreambuf_iterator<char>{file}, {}};
  }
  bool ended() {
    if (::waitpid(child_, nullptr, WNOHANG) == 0) return false;
    child_ = -1;
    return true;
  }

  temporary_directory folder_;
  pid_t child_ = -1;
};

class rsyslog final : public syslog_daemon {
 public:
  static bool is_installed() { return std::filesystem::exists("/usr/sbin/rsyslogd"); }
  static bool has_relp() { return !module("imrelp").empty(); }
  /// `driver`: `ossl` or `gtls`.
  static bool has_tls(std::string const& driver) { return !module("lmnsd_" + driver).empty(); }

  /// `inputs`: further lines of the configuration.
  explicit rsyslog(std::string const& inputs = {}) {
    std::string text =
        "global(workDirectory=\"" + folder() +
        "\" maxMessageSize=\"64k\")\n"
        "main_queue(queue.type=\"Direct\")\n"  // a record is in the file before it is acknowledged
        "module(load=\"imtcp\")\nmodule(load=\"imptcp\")\nmodule(load=\"imudp\")\n"
        "module(load=\"mmpstrucdata\")\nmodule(load=\"imuxsock\" SysSock.Use=\"off\")\n" +
        inputs;
    text += "input(type=\"imptcp\" address=\"127.0.0.1\" port=\"" + std::to_string(tcp_port) +
            "\")\ninput(type=\"imptcp\" address=\"127.0.0.1\" port=\"" + std::to_string(newline_port) +
            "\" SupportOctetCountedFraming=\"off\")\ninput(type=\"imudp\" address=\"127.0.0.1\" port=\"" +
            std::to_string(udp_port) + "\")\ninput(type=\"imptcp\" path=\"" + stream_path() +
            "\" unlink=\"on\")\ninput(type=\"imuxsock\" Socket=\"" + datagram_path() +
            "\" UseSpecialParser=\"off\" UseSysTimeStamp=\"off\" RateLimit.Interval=\"0\")\n";
    if (has_relp())
      text +=
          "module(load=\"imrelp\")\ninput(type=\"imrelp\" address=\"127.0.0.1\" maxDataSize=\"64k\" port=\"" +
          std::to_string(relp_port) + "\")\n";
    text +=
        "template(name=\"all\" type=\"list\") { property(name=\"$!\") constant(value=\"\\n\") }\n"
        "action(type=\"mmpstrucdata\" sd_name.lowercase=\"off\")\n"
        "set $!pri = $pri; set $!host = $hostname; set $!app = $app-name; set $!pid = $procid;\n"
        "set $!msgid = $msgid; set $!msg = $msg; set $!tag = $syslogtag;\n"
        "action(type=\"omfile\" file=\"" +
        output() + "\" template=\"all\" asyncWriting=\"off\" flushOnTXEnd=\"on\")\n";
    config_ = write_config(text);
  }

 private:
  static std::string module(std::string const& name) {
    for (char const* const folder :
         {"/usr/lib/x86_64-linux-gnu/rsyslog/", "/usr/lib/aarch64-linux-gnu/rsyslog/", "/usr/lib/rsyslog/",
          "/usr/lib64/rsyslog/"}) {
      if (std::filesystem::exists(folder + name + ".so")) return folder + name + ".so";
    }
    return {};
  }
  [[nodiscard]] std::vector<std::string> command() const override {
    return {"/usr/sbin/rsyslogd", "-n", "-f", config_, "-i", folder() + "/pid"};
  }
  [[nodiscard]] received_message parse(nlohmann::json const& line) const override {
    auto const sd = line.find("rfc5424-sd");
    return {line["pri"],
            line["host"],
            line["app"],
            line["pid"],
            line["msgid"],
            without_bom(line["msg"]),
            sd != line.end() && sd->contains("fapilog@32473") ? (*sd)["fapilog@32473"] : nlohmann::json{}};
  }

  std::string config_;
};

class syslog_ng final : public syslog_daemon {
 public:
  /// The folder that its packages were unpacked in, or an empty path if it is installed. tests/run.sh unpacks them, because
  /// they conflict with those of rsyslog.
  static std::filesystem::path root() {
    if (std::filesystem::exists("/usr/sbin/syslog-ng")) return "/";
    return std::filesystem::absolute(__FILE__).parent_path() / "../../build/syslog-ng";
  }
  static bool is_installed() { return std::filesystem::exists(root() / "usr/sbin/syslog-ng"); }

  explicit syslog_ng(std::string const& sources = {}) {
    std::string const port = " ip(\"127.0.0.1\") port(";
    config_ = write_config(
        "@version: current\n@requires json-plugin\noptions { keep-hostname(yes); use-dns(no); stats-freq(0); "
        "};\n"
        "source s {\n  syslog(transport(\"tcp\")" +
        port + std::to_string(tcp_port) + "));\n  syslog(transport(\"udp\")" + port +
        std::to_string(udp_port) + "));\n  network(flags(syslog-protocol)" + port +
        std::to_string(newline_port) + "));\n  unix-dgram(\"" + datagram_path() +
        "\" flags(syslog-protocol));\n  unix-stream(\"" + stream_path() + "\" flags(syslog-protocol));\n" +
        sources + "};\ndestination d { file(\"" + output() +
        "\" template(\"$(format-json pri=$PRI host=$HOST app=$PROGRAM pid=$PID msgid=$MSGID msg=$MSG "
        "--key .SDATA.*)\\n\")); };\nlog { source(s); destination(d); };\n");
  }

 private:
  [[nodiscard]] std::vector<std::string> command() const override {
    std::string const base = root().string();
    std::string libraries = "LD_LIBRARY_PATH=";
    for (char const* const folder : {"/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu",
                                     "/usr/lib/syslog-ng", "/lib/x86_64-linux-gnu"})
      libraries += base + folder + ":";
    std::string modules = base + "/usr/lib/syslog-ng";
    for (auto const& one : std::filesystem::directory_iterator{modules}) {
      if (std::filesystem::exists(one.path() / "libafsocket.so")) modules = one.path().string();
    }
    return {"/usr/bin/env",
            libraries,
            base + "/usr/sbin/syslog-ng",
            "-F",
            "-f",
            config_,
            "--no-caps",
            "--module-path=" + modules,
            "--persist-file=" + folder() + "/persist",
            "--pidfile=" + folder() + "/pid",
            "--control=" + folder() + "/control"};
  }
  [[nodiscard]] received_message parse(nlohmann::json const& line) const override {
    nlohmann::json fields;
    if (line.contains("_SDATA")) flatten(line["_SDATA"]["fapilog@32473"], "", fields);
    return {line.value("pri", ""),
            line.value("host", ""),
            line.value("app", ""),
            line.value("pid", ""),
            line.value("msgid", ""),
            without_bom(line.value("msg", "")),
            fields};
  }
  /// Makes `a.b` of the object `b` in `a`, which syslog-ng makes of a parameter `a.b`.
  static void flatten(nlohmann::json const& from, std::string const& above, nlohmann::json& to) {
    for (auto const& [key, value] : from.items()) {
      if (value.is_object()) flatten(value, above + key + ".", to);
      else to[above + key] = value;
    }
  }

  std::string config_;
};

}  // namespace support
