// SPDX-License-Identifier: MIT
// A sink's write returns write_result, void or bool.
// expect: fapilog: this type is not a sink. A sink has write(fapilog::batch const&)

#include <fapilog/sinks/sink.hpp>

struct no_sink {
  int write(fapilog::batch const&) { return 0; }
};
struct good_sink {
  bool write(fapilog::batch const&) { return true; }
};

#ifdef FIXED
fapilog::any_sink made() { return fapilog::any_sink{good_sink{}}; }
#else
fapilog::any_sink made() { return fapilog::any_sink{no_sink{}}; }
#endif
