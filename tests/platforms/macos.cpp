// SPDX-License-Identifier: MIT
// A program of everything that the library has on macOS, which is compiled and linked for it.
#include <fapilog/fapilog.hpp>
#include <fapilog/settings.hpp>
#include <fapilog/settings_watch.hpp>
#include <fapilog/sinks/syslog.hpp>

#include <exception>
#include <iostream>
#include <utility>

int main(int argc, char** argv) {
  try {
    auto options = argc > 1
                       ? fapilog::settings::from_file(argv[1]).with_environment().options()
                       : fapilog::options{.sinks = {fapilog::sinks::rotating_file{{.path = "app.jsonl"}}},
                                          .crash = {.enabled = true}};
    if (argc > 2) options.sinks.emplace_back(fapilog::sinks::syslog{});
    fapilog::runtime rt{std::move(options)};
    rt.get_logger().info("hello {}", 3, fapilog::kv("order", 7));
  } catch (std::exception const& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
