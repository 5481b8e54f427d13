// SPDX-License-Identifier: MIT
// Certificates for tests of TLS.
#pragma once

#include "support/catch.hpp"
#include "support/temporary_directory.hpp"

#include <cstdlib>
#include <fstream>
#include <string>

namespace support {

/// An authority `ca.pem`, certificates `NAME.pem` with keys `NAME.key`, and `stranger.pem`, which signed itself; made by
/// openssl.
class certificates {
 public:
  certificates() {
    run("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 2 "
        "-subj /CN=ca");
    make("good", "IP:127.0.0.1", "2");
    make("expired", "IP:127.0.0.1", "-1");
    make("other", "DNS:other.example", "2");
    make("client", "DNS:client", "2");
    make("localhost", "DNS:localhost", "2");
    make("wildcard", "DNS:*.logs.example", "2");
    run("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout stranger.key -out stranger.pem "
        "-days 2 "
        "-subj /CN=stranger -addext subjectAltName=IP:127.0.0.1");
    run("pkey -in client.key -aes256 -passout pass:opensesame -out client.locked.key");
    (void)std::system(("chmod -R a+rX " + folder_.path().string()).c_str());
  }
  [[nodiscard]] std::string operator/(std::string const& name) const { return folder_ / name; }

 private:
  void run(std::string const& arguments) const {
    std::string const command =
        "cd " + folder_.path().string() + " && openssl " + arguments + " >log 2>&1 </dev/null";
    INFO(command);
    REQUIRE(std::system(command.c_str()) == 0);
  }
  void make(std::string const& name, std::string const& host, std::string const& days) const {
    std::ofstream{folder_ / (name + ".ext")} << "subjectAltName=" << host << "\n";
    run("req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout " + name + ".key -out " + name +
        ".csr -subj /CN=" + name);
    run("x509 -req -in " + name + ".csr -CA ca.pem -CAkey ca.key -CAcreateserial -out " + name +
        ".pem -days " + days + " -extfile " + name + ".ext");
  }

  support::temporary_directory folder_;
};

}  // namespace support
