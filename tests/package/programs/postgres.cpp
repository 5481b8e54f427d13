// SPDX-License-Identifier: MIT
// A user of the component postgres: the sink's header compiles and libpqxx is linked.
#include <fapilog/fapilog.hpp>
#include <fapilog/sinks/postgres.hpp>

#include <pqxx/pqxx>

int main() { return pqxx::to_string(42) == "42" ? 0 : 1; }
