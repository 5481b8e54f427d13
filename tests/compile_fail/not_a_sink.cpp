// SPDX-License-Identifier: MIT
// A sink has a member function write.
// expect: fapilog: this type is not a sink. A sink has write(fapilog::batch const&)

#include <fapilog/sinks/sink.hpp>

struct no_sink {
  void writes(fapilog::batch const&) {}
};
struct good_sink {
  void write(fapilog::batch const&) {}
};

#ifdef FIXED
fapilog::any_sink made() { return fapilog::any_sink{good_sink{}}; }
#else
fapilog::any_sink made() { return fapilog::any_sink{no_sink{}}; }
#endif
