// SPDX-License-Identifier: MIT
// A server of NATS with JetStream that the tests start and kill, and a client that makes and reads streams.
#pragma once

#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/server_process.hpp"
#include "support/temporary_directory.hpp"

#include <nats/nats.h>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

namespace support {

struct nats_message {
  std::string subject;
  std::string id;  ///< the header Nats-Msg-Id
  std::string text;
};

class nats_server {
 public:
  /// `more`: further lines of its configuration.
  explicit nats_server(std::string const& more = {}) : port_(unused_port()) {
    std::ofstream{folder_ / "config"} << "listen: \"127.0.0.1:" << port_ << "\"\njetstream { store_dir: \""
                                      << folder_.path().string() << "/streams\" }\n"
                                      << more;
    give_to_server_user(folder_.path().string());
    start();
  }
  nats_server(nats_server const&) = delete;
  nats_server& operator=(nats_server const&) = delete;
  ~nats_server() { stop(SIGKILL); }

  void start() {
    std::string const log = folder_ / "log";
    child_ = spawn_server({program(), "-c", folder_ / "config"}, log);
    bool const is_ready = eventually([&] { return accepts(); });
    std::ifstream file{log};
    INFO(std::string(std::istreambuf_iterator<char>{file}, {}));
    REQUIRE(is_ready);
  }
  void stop(int signal = SIGKILL) {
    if (child_ <= 0) return;
    ::kill(child_, signal);
    (void)wait_for_process(child_);
    child_ = -1;
  }
  /// SIGSTOP or SIGCONT.
  void send(int signal) const { ::kill(child_, signal); }

  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::string port() const { return std::to_string(port_); }
  [[nodiscard]] std::string url() const { return "nats://" + address(); }
  /// What the client needs to connect, in addition to the address.
  std::function<void(natsOptions*)> client_options = [](natsOptions*) {};

  void add_stream(
      std::string const& name, std::string const& subjects,
      std::function<void(jsStreamConfig&)> const& change = [](jsStreamConfig&) {}) const {
    as_client([&](jsCtx* js) {
      jsStreamConfig config;
      REQUIRE(::jsStreamConfig_Init(&config) == NATS_OK);
      char const* all[] = {subjects.c_str()};
      config.Name = name.c_str();
      config.Subjects = all;
      config.SubjectsLen = 1;
      config.MaxMsgs = -1;
      change(config);
      jsErrCode error{};
      natsStatus const status = ::js_AddStream(nullptr, js, &config, nullptr, &error);
      INFO(::nats_GetLastError(nullptr));
      REQUIRE(status == NATS_OK);
    });
  }
  void purge(std::string const& stream) const {
    as_client([&](jsCtx* js) { REQUIRE(::js_PurgeStream(js, stream.c_str(), nullptr, nullptr) == NATS_OK); });
  }
  /// All messages of a stream, in order.
  [[nodiscard]] std::vector<nats_message> messages(std::string const& stream) const {
    std::vector<nats_message> all;
    as_client([&](jsCtx* js) {
      jsStreamInfo* info = nullptr;
      REQUIRE(::js_GetStreamInfo(&info, js, stream.c_str(), nullptr, nullptr) == NATS_OK);
      std::uint64_t const count = info->State.Msgs;
      ::jsStreamInfo_Destroy(info);
      jsSubOptions options;
      REQUIRE(::jsSubOptions_Init(&options) == NATS_OK);
      options.Stream = stream.c_str();
      options.Ordered = true;
      natsSubscription* subscription = nullptr;
      REQUIRE(::js_SubscribeSync(&subscription, js, ">", nullptr, &options, nullptr) == NATS_OK);
      while (all.size() < count) {
        constexpr std::int64_t wait_ms = 30'000;
        natsMsg* m = nullptr;
        REQUIRE(::natsSubscription_NextMsg(&m, subscription, wait_ms) == NATS_OK);
        char const* id = nullptr;
        (void)::natsMsgHeader_Get(m, "Nats-Msg-Id", &id);
        all.push_back({::natsMsg_GetSubject(m),
                       id == nullptr ? "" : id,
                       {::natsMsg_GetData(m), static_cast<std::size_t>(::natsMsg_GetDataLength(m))}});
        ::natsMsg_Destroy(m);
      }
      ::natsSubscription_Destroy(subscription);
    });
    return all;
  }

 private:
  static std::string program() {
    return std::filesystem::exists("/usr/sbin/nats-server") ? "/usr/sbin/nats-server"
                                                            : "/usr/bin/nats-server";
  }
  static sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
  }
  static std::uint16_t unused_port() {
    int const socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    REQUIRE(::bind(socket, reinterpret_cast<sockaddr const*>(&address), size) == 0);
    REQUIRE(::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    ::close(socket);
    return ntohs(address.sin_port);
  }
  [[nodiscard]] bool accepts() const {
    int const socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in const address = loopback(port_);
    bool const accepted = ::connect(socket, reinterpret_cast<sockaddr const*>(&address), sizeof address) == 0;
    ::close(socket);
    return accepted;
  }
  template <class Use>
  void as_client(Use const& use) const {
    natsOptions* options = nullptr;
    REQUIRE(::natsOptions_Create(&options) == NATS_OK);
    ::natsOptions_SetURL(options, url().c_str());
    client_options(options);
    natsConnection* connection = nullptr;
    natsStatus const status = ::natsConnection_Connect(&connection, options);
    INFO(::nats_GetLastError(nullptr));
    REQUIRE(status == NATS_OK);
    jsCtx* js = nullptr;
    REQUIRE(::natsConnection_JetStream(&js, connection, nullptr) == NATS_OK);
    use(js);
    ::jsCtx_Destroy(js);
    ::natsConnection_Destroy(connection);
    ::natsOptions_Destroy(options);
  }

  temporary_directory folder_;
  std::uint16_t port_;
  pid_t child_ = -1;
};

}  // namespace support
