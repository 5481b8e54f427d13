// SPDX-License-Identifier: MIT
// What libpqxx 6.4 loses each time a connection dies in the middle of a statement: the result of libpq, some 2 KB.
#include <pqxx/version>

#if PQXX_VERSION_MAJOR < 7

/// Asked for by the leak sanitizer, where there is one.
extern "C" char const* __lsan_default_suppressions();
extern "C" char const* __lsan_default_suppressions() { return "leak:libpqxx-6\n"; }

#endif
