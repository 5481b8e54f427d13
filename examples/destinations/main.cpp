// SPDX-License-Identifier: MIT
// Logs three orders to the destinations that the environment names: FAPILOG_CORE__SINKS and FAPILOG_<SINK>__<SETTING>.
#include "../cli/all_plugins.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/settings.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>

using fapilog::kv;

int main() {
  try {
    fapilog::runtime rt{
        fapilog::settings::from_environment(fapilog::process_environment(), cli::all_plugins()).options()};
    auto const log = rt.get_logger("shop");
    {
      auto const scope = fapilog::scope(kv("tenant_id", "acme"));
      log.info("order {} accepted", 1001, kv("order", 1001), kv("amount", 19.99), kv("express", true));
      log.warning("order {} waits for stock", 1002, kv("order", 1002), kv("item", "Käse, 3 €"));
      try {
        throw std::runtime_error{"card declined"};
      } catch (std::exception const& error) {
        log.error("order {} failed", 1003, fapilog::caught(error), kv("order", 1003));
      }
    }
    auto const account = rt.drain(std::chrono::seconds{30});
    std::printf("%llu of %llu records delivered\n", static_cast<unsigned long long>(account.processed),
                static_cast<unsigned long long>(account.submitted));
    for (auto const& [name, health] : rt.health()) {
      if (!health.healthy) std::fprintf(stderr, "%s: %s\n", name.c_str(), health.detail.c_str());
    }
    return account.complete && account.processed == account.submitted ? EXIT_SUCCESS : EXIT_FAILURE;
  } catch (std::exception const& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}
