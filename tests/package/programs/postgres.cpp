// SPDX-License-Identifier: MIT
// A user of the component postgres: libpqxx can be included and is linked, for a sink of the user's own.
#include <fapilog/fapilog.hpp>

#include <pqxx/pqxx>

int main() { return pqxx::to_string(42) == "42" ? 0 : 1; }
