// SPDX-License-Identifier: MIT
// The sink for Kafka: a record counts as delivered when the brokers have acknowledged it.
#pragma once

#include <fapilog/sinks/kafka_core.hpp>

#ifndef FAPILOG_COMPILED
#include <fapilog/sinks/kafka_impl.hpp>
#endif
