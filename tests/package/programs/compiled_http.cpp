// SPDX-License-Identifier: MIT
// Takes the HTTP sink from the library of fapilog::compiled_http.
#ifndef FAPILOG_COMPILED
#error "fapilog::compiled_http has to define FAPILOG_COMPILED"
#endif
#include "http.cpp"
#ifdef LIBCURL_VERSION
#error "with the library, the header of the sink needs no libcurl"
#endif
