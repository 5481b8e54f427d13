// SPDX-License-Identifier: MIT
// A shared sink is a sink, too.
// expect: fapilog: this type is not a sink. A sink has write(fapilog::batch const&)

#include <fapilog/sinks/sink.hpp>

#include <memory>

struct no_sink {
  void writes(fapilog::batch const&) {}
};
struct good_sink {
  void write(fapilog::batch const&) {}
};

#ifdef FIXED
fapilog::any_sink made() { return fapilog::any_sink{std::make_shared<good_sink>()}; }
#else
fapilog::any_sink made() { return fapilog::any_sink{std::make_shared<no_sink>()}; }
#endif
