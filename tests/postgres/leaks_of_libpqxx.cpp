// SPDX-License-Identifier: MIT
// Suppresses a leak of libpqxx 6.4: about 2 KB (the result of libpq) each time a connection breaks during a statement.
#include <pqxx/version>

#if PQXX_VERSION_MAJOR < 7

/// Called by the leak sanitizer.
extern "C" char const* __lsan_default_suppressions();
extern "C" char const* __lsan_default_suppressions() { return "leak:libpqxx-6\n"; }

#endif
