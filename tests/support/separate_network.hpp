// SPDX-License-Identifier: MIT
// A network that drops all packets when a test says so.
#pragma once

#include <cstdlib>
#include <string>

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

namespace support {

/// A network namespace with a link to this one that can be taken down. The server runs here, its clients in the namespace.
class separate_network {
 public:
  separate_network() {
    exists_ = run("ip netns add " + name_) &&
              run("ip link add " + link_ + " type veth peer name eth0 netns " + name_) &&
              run("ip addr add " + address() + "/30 dev " + link_) && run("ip link set " + link_ + " up") &&
              run("ip netns exec " + name_ + " ip addr add " + net_ + ".2/30 dev eth0") &&
              run("ip netns exec " + name_ + " ip link set eth0 up");
  }
  separate_network(separate_network const&) = delete;
  separate_network& operator=(separate_network const&) = delete;
  ~separate_network() {
    run("ip link del " + link_);
    run("ip netns del " + name_);
  }
  [[nodiscard]] bool exists() const noexcept { return exists_; }
  [[nodiscard]] std::string address() const { return net_ + ".1"; }
  [[nodiscard]] std::string network() const { return net_ + ".0/30"; }
  /// Called on either side: the other end does not notice that the link is down.
  void cut() const { run(from_here_ + "ip link set " + link_ + " down"); }
  void mend() const { run(from_here_ + "ip link set " + link_ + " up"); }
  /// Moves the calling thread, and those that it starts, into the namespace.
  [[nodiscard]] bool enter() const {
    int const there = ::open(("/var/run/netns/" + name_).c_str(), O_RDONLY | O_CLOEXEC);
    bool const done = there >= 0 && ::setns(there, CLONE_NEWNET) == 0;
    ::close(there);
    return done;
  }

 private:
  static bool run(std::string const& command) {
    return std::system((command + " >/dev/null 2>&1").c_str()) == 0;
  }

  std::string name_ = "fapilog" + std::to_string(::getpid());
  std::string link_ = "fpg" + std::to_string(::getpid());
  std::string net_ = "10.213." + std::to_string(::getpid() % 250);
  std::string from_here_ = "nsenter --net=/proc/" + std::to_string(::getpid()) + "/ns/net ";
  bool exists_ = false;
};

}  // namespace support
