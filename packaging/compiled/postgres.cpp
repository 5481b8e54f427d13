// SPDX-License-Identifier: MIT
// The library of fapilog::compiled_postgres: the bodies of the Postgres sink, the only ones that need libpqxx.
#include <fapilog/plugins/postgres.hpp>
#include <fapilog/plugins/postgres_impl.hpp>
#include <fapilog/sinks/postgres.hpp>
#include <fapilog/sinks/postgres_impl.hpp>
