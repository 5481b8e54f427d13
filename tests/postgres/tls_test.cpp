// SPDX-License-Identifier: MIT
// TLS: a verified certificate, or no connection.
#include "support/catch.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/sinks/postgres.hpp>

#include <cstdlib>
#include <filesystem>
#include <string>

#include <unistd.h>

#include "support/batches.hpp"
#include "support/postgres_server.hpp"
#include "support/temporary_directory.hpp"

using fapilog::sinks::postgres;
using fapilog::sinks::postgres_config;

namespace {

/// A certificate for this name, signed by itself, as <name>.crt and <name>.key.
bool make_certificate(support::temporary_directory const& folder, std::string const& name) {
  return std::system(("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=" + name +
                      " -addext subjectAltName=DNS:" + name + " -keyout " + folder / (name + ".key") +
                      " -out " + folder / (name + ".crt") + " 2>/dev/null")
                         .c_str()) == 0;
}

}  // namespace

TEST_CASE("with verify-full the right certificate connects, and nothing else does") {
  support::temporary_directory const folder;
  if (!make_certificate(folder, "localhost") || !make_certificate(folder, "elsewhere"))
    SKIP("openssl is not installed");
  std::filesystem::permissions(folder.path(),
                               std::filesystem::perms::others_exec | std::filesystem::perms::others_read,
                               std::filesystem::perm_options::add);
  std::filesystem::permissions(folder / "localhost.key", std::filesystem::perms::owner_read);
  support::postgres_server::own(folder / "localhost.key");
  std::string const address = "127.0.0." + std::to_string(2 + ::getpid() % 250);
  support::postgres_server server{{{"listen_addresses", address},
                                   {"ssl", "on"},
                                   {"ssl_cert_file", folder / "localhost.crt"},
                                   {"ssl_key_file", folder / "localhost.key"}}};
  server.set_access({}, "hostssl all all 127.0.0.0/8 trust\n");
  server.sql(fapilog::sinks::postgres_ddl({}));
  auto const outcome = [&](std::string const& host, std::string const& mode, std::string const& authority) {
    postgres_config config;
    config.dsn = "host=" + host + " hostaddr=" + address + " dbname=postgres user=postgres";
    config.sslmode = mode;
    config.sslrootcert = folder / (authority + ".crt");
    support::events e;
    e.add("x");
    postgres sink{config};
    sink.start(fapilog::start_context{});
    auto const result = sink.write(e.batch());
    return result ? std::string{"stored"} : result.reason();
  };
  CHECK(outcome("localhost", "verify-full", "localhost") == "stored");
  CHECK(outcome("localhost", "verify-full", "elsewhere") ==
        "postgres: a certificate is missing or not trusted");
  CHECK(outcome("elsewhere", "verify-full", "localhost") ==
        "postgres: a certificate is missing or not trusted");
  CHECK(outcome("elsewhere", "verify-ca", "localhost") == "stored");
  server.stop();
  server.set("ssl", "off");
  server.start();
  CHECK(outcome("localhost", "verify-full", "localhost") ==
        "postgres: TLS could not be set up as `sslmode` requires");
}
