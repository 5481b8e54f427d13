// SPDX-License-Identifier: MIT
// The sink for NATS JetStream: a record counts as delivered when a stream has acknowledged it.
#pragma once

#include <fapilog/sinks/nats_core.hpp>

#ifndef FAPILOG_COMPILED
#include <fapilog/sinks/nats_impl.hpp>
#endif
