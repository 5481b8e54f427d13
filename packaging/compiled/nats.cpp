// SPDX-License-Identifier: MIT
// The library of fapilog::compiled_nats: the bodies of the NATS sink, the only ones that need libnats.
#include <fapilog/plugins/nats.hpp>
#include <fapilog/plugins/nats_impl.hpp>
#include <fapilog/sinks/nats.hpp>
#include <fapilog/sinks/nats_impl.hpp>
