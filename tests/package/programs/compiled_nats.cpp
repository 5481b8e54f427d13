// SPDX-License-Identifier: MIT
// Takes the NATS sink from the library of fapilog::compiled_nats.
#ifndef FAPILOG_COMPILED
#error "fapilog::compiled_nats has to define FAPILOG_COMPILED"
#endif
#include "nats.cpp"
#ifdef NATS_VERSION_STRING
#error "with the library, the header of the sink needs no libnats"
#endif
