// SPDX-License-Identifier: MIT
// Takes the Kafka sink from the library of fapilog::compiled_kafka.
#ifndef FAPILOG_COMPILED
#error "fapilog::compiled_kafka has to define FAPILOG_COMPILED"
#endif
#include "kafka.cpp"
#ifdef RD_KAFKA_VERSION
#error "with the library, the header of the sink needs no librdkafka"
#endif
