// SPDX-License-Identifier: MIT
// Runs receiver.js or receiver_grpc.js, which decode requests with OpenTelemetry's own classes.
#pragma once

#include "support/catch.hpp"
#include "support/temporary_directory.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <sys/types.h>

namespace support {

class otlp_receiver {
 public:
  otlp_receiver() { start(0); }
  /// Over gRPC, with TLS if `certificates` is a folder of `support::certificates`.
  struct over_grpc {
    std::string certificates = {};
  };
  explicit otlp_receiver(over_grpc const& chosen)
      : script_("receiver_grpc.js"), certificates_(chosen.certificates) {
    start(0);
  }
  otlp_receiver(otlp_receiver const&) = delete;
  otlp_receiver& operator=(otlp_receiver const&) = delete;
  ~otlp_receiver() { kill(); }

  /// False if Node.js or the package is missing.
  [[nodiscard]] static bool is_available() {
    return std::filesystem::exists(modules() + "/@opentelemetry/otlp-transformer") &&
           std::system("command -v node >/dev/null 2>&1") == 0;
  }

  [[nodiscard]] static bool has_grpc() {
    return is_available() && std::filesystem::exists(modules() + "/@grpc/grpc-js");
  }
  [[nodiscard]] int port() const noexcept { return port_; }

  [[nodiscard]] std::string url(std::string const& path = "/v1/logs") const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }
  [[nodiscard]] std::string received_file() const { return folder_ / "received"; }
  /// One JSON text for each request.
  [[nodiscard]] std::vector<std::string> requests() const {
    std::ifstream file{received_file()};
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }
  /// The next requests get these answers: `<status> <retry-after or -> <rejected records> <message>`. Over gRPC, the second is the
  /// delay of a RetryInfo in milliseconds.
  void answer(std::vector<std::string> const& answers) const {
    std::ofstream file{folder_ / "answers"};
    for (std::string const& line : answers) file << line << '\n';
  }
  void kill() {
    if (out_ == nullptr) return;
    ::kill(process_, SIGKILL);
    ::pclose(out_);
    out_ = nullptr;
  }
  /// Starts again on the same port.
  void restart() { start(port_); }

 private:
  static std::string modules() { return FAPILOG_TEST_NODE_MODULES; }

  void start(int port) {
    std::string const command = std::string{"exec node '"} + FAPILOG_TEST_SOURCE_DIR + "/tests/otlp/" +
                                script_ + "' '" + modules() + "' '" + received_file() + "' '" +
                                (folder_ / "answers") + "' " + std::to_string(port) +
                                (certificates_.empty() ? "" : " '" + certificates_ + "'");
    out_ = ::popen(command.c_str(), "r");
    REQUIRE(out_ != nullptr);
    int process = 0;
    REQUIRE(std::fscanf(out_, "%d %d", &port_, &process) == 2);
    process_ = process;
  }

  temporary_directory folder_;
  std::string script_ = "receiver.js";
  std::string certificates_;
  std::FILE* out_ = nullptr;
  ::pid_t process_ = 0;
  int port_ = 0;
};

}  // namespace support
