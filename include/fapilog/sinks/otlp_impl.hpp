// SPDX-License-Identifier: MIT
// The bodies of the OTLP sink, which need libcurl.
#pragma once

#include <fapilog/detail/compiled.hpp>
#include <fapilog/detail/settings/setting_check.hpp>
#include <fapilog/sinks/http/detail/http_client_impl.hpp>
#include <fapilog/sinks/http/detail/http_writer.hpp>
#include <fapilog/sinks/http/detail/http_writer_impl.hpp>
#include <fapilog/sinks/otlp/config.hpp>
#include <fapilog/sinks/otlp/detail/log_format.hpp>
#include <fapilog/sinks/otlp/detail/otel_environment.hpp>
#include <fapilog/sinks/otlp_core.hpp>
#include <fapilog/sinks/sink.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

namespace fapilog::inline v0_1::sinks {

FAPILOG_INLINE otlp::otlp(otlp_config config)
    : otlp{(check_settings("otlp", config), detail::otlp::environment_settings{std::move(config)})} {}

FAPILOG_INLINE otlp::otlp(detail::otlp::environment_settings const& settings)
    : http_sink{settings.config().url,
                settings.config().connection,
                {.entries = settings.config().batch_size,
                 .body_bytes = static_cast<std::size_t>(settings.config().batch_bytes)},
                std::make_unique<detail::otlp::log_format>(settings.config().encoding, settings.resource()),
                /*needs_json=*/false},
      problems_{settings.problems()} {}

FAPILOG_INLINE void otlp::start(start_context const& context) {
  for (std::string const& problem : problems_)
    context.report("a variable of the environment is not valid and is ignored", problem);
  http_sink::start(context);
}

}  // namespace fapilog::inline v0_1::sinks
