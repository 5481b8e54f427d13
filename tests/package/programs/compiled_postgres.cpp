// SPDX-License-Identifier: MIT
// Takes the Postgres sink from the library of fapilog::compiled_postgres.
#ifndef FAPILOG_COMPILED
#error "fapilog::compiled_postgres has to define FAPILOG_COMPILED"
#endif
#include "postgres.cpp"
#ifdef PQXX_H_CONNECTION
#error "with the library, the header of the sink needs no libpqxx"
#endif
