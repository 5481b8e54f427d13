// SPDX-License-Identifier: MIT
// The sink for PostgreSQL: every record becomes exactly one row, even after retries.
#pragma once

#include <fapilog/sinks/postgres/ddl.hpp>
#include <fapilog/sinks/postgres_core.hpp>

#ifndef FAPILOG_COMPILED
#include <fapilog/sinks/postgres_impl.hpp>
#endif
