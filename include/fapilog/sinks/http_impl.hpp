// SPDX-License-Identifier: MIT
// The bodies of the sinks over HTTP, which need libcurl.
#pragma once

#include <fapilog/detail/compiled.hpp>
#include <fapilog/detail/hash/sha256.hpp>
#include <fapilog/detail/os/platform.hpp>
#include <fapilog/detail/settings/setting_check.hpp>
#include <fapilog/detail/text/concat.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/record/uuid.hpp>
#include <fapilog/sinks/http/config.hpp>
#include <fapilog/sinks/http/connection_config.hpp>
#include <fapilog/sinks/http/datadog_config.hpp>
#include <fapilog/sinks/http/detail/datadog_format.hpp>
#include <fapilog/sinks/http/detail/elasticsearch_format.hpp>
#include <fapilog/sinks/http/detail/http_client_impl.hpp>
#include <fapilog/sinks/http/detail/http_message.hpp>
#include <fapilog/sinks/http/detail/http_writer.hpp>
#include <fapilog/sinks/http/detail/http_writer_impl.hpp>
#include <fapilog/sinks/http/detail/loki_format.hpp>
#include <fapilog/sinks/http/detail/record_template.hpp>
#include <fapilog/sinks/http/detail/splunk_acknowledgements.hpp>
#include <fapilog/sinks/http/detail/splunk_code.hpp>
#include <fapilog/sinks/http/detail/splunk_format.hpp>
#include <fapilog/sinks/http/detail/webhook_signature.hpp>
#include <fapilog/sinks/http/elasticsearch_config.hpp>
#include <fapilog/sinks/http/loki_config.hpp>
#include <fapilog/sinks/http/splunk_config.hpp>
#include <fapilog/sinks/http/webhook_config.hpp>
#include <fapilog/sinks/http_core.hpp>
#include <fapilog/sinks/sink.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace fapilog::inline v0_1 {

namespace detail {

/// Appends the lines of the entries, with `separator` between them.
inline void append_lines(std::string& body, batch const& entries, std::string_view separator) {
  body.reserve(body.size() + entries.text().size() + 2);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (i != 0) body.append(separator);
    body.append(entries[i].json);
  }
}

/// Body and content type of `sinks::http`.
class plain_http_format final : public http_format {
 public:
  explicit plain_http_format(sinks::http_config const& config)
      : form_(config.body),
        before_(config.body_template.substr(0, config.body_template.find(placeholder))),
        record_(config.record_template),
        separator_(config.separator),
        content_type_(config.content_type) {
    if (form_ == sinks::http_body::by_template)
      after_ = config.body_template.substr(before_.size() + placeholder.size());
    if (content_type_.empty())
      content_type_ = form_ == sinks::http_body::json_lines ? "application/x-ndjson" : "application/json";
  }

  void encode(batch const& entries, std::string& body) override {
    switch (form_) {
      case sinks::http_body::json_lines: body = entries.text(); return;
      case sinks::http_body::json_array:
        body = "[";
        append_lines(body, entries, ",");
        body += ']';
        return;
      case sinks::http_body::by_template: break;
    }
    body = before_;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (i != 0) body += separator_;
      record_.append(body, entries[i]);
    }
    body += after_;
  }
  void describe(batch const& /*entries*/, http_request& request) override {
    request.content_type = content_type_;
  }

 private:
  static constexpr std::string_view placeholder = "{{records}}";

  sinks::http_body form_;
  std::string before_;
  std::string after_;
  record_template record_;
  std::string separator_;
  std::string content_type_;
};

/// A JSON array and the headers of the Standard Webhooks specification.
class webhook_format final : public http_format {
 public:
  explicit webhook_format(sinks::webhook_config const& config)
      : key_(*webhook_key(config.secret)), key_id_(config.key_id) {}

  void encode(batch const& entries, std::string& body) override {
    body = "[";
    append_lines(body, entries, ",");
    body += ']';
  }
  void describe(batch const& entries, http_request& request) override {
    constexpr std::int64_t second_ns = 1'000'000'000;
    std::string const time = std::to_string(wall_clock_ns() / second_ns);
    // The same for the same entries, so that a receiver can recognise a request that is sent again.
    std::string const id =
        concat({"msg_", to_string(entries[0].event.message_id), "_", std::to_string(entries.size())});
    request.content_type = "application/json";
    request.headers = {"webhook-id: " + id, "webhook-timestamp: " + time,
                       "webhook-signature: " + webhook_signature(key_, id, time, request.body)};
    if (!key_id_.empty()) request.headers.push_back("webhook-key-id: " + key_id_);
  }

 private:
  hmac_sha256 key_;
  std::string key_id_;
};

template <class Config>
[[nodiscard]] Config const& checked_http_config(std::string_view name, Config const& config) {
  check_settings(name, config);
  return config;
}

/// The connection of a destination that has a header of its own for the credential, unless the settings name another.
[[nodiscard]] inline sinks::http_connection_config with_credential_header(
    sinks::http_connection_config connection, std::string_view header, std::string_view scheme) {
  sinks::http_credential_config& credential = connection.credential;
  if (credential.scheme.empty() && credential.header == sinks::http_credential_config{}.header) {
    credential.header = header;
    credential.scheme = scheme;
  }
  return connection;
}

}  // namespace detail

namespace sinks {

FAPILOG_INLINE http::http(http_config const& config)
    : http_sink{detail::checked_http_config("http", config).url,
                config.connection,
                {.entries = config.batch_size, .body_bytes = static_cast<std::size_t>(config.batch_bytes)},
                std::make_unique<detail::plain_http_format>(config)} {}

FAPILOG_INLINE webhook::webhook(webhook_config const& config)
    : http_sink{detail::checked_http_config("webhook", config).url,
                config.connection,
                {.entries = config.batch_size, .body_bytes = static_cast<std::size_t>(config.batch_bytes)},
                std::make_unique<detail::webhook_format>(config)} {}

FAPILOG_INLINE loki::loki(loki_config const& config)
    : http_sink{detail::checked_http_config("loki", config).url,
                config.connection,
                {.entries = config.batch_size, .body_bytes = static_cast<std::size_t>(config.batch_bytes)},
                std::make_unique<detail::loki_format>(config)} {}

FAPILOG_INLINE elasticsearch::elasticsearch(elasticsearch_config const& config)
    : http_sink{detail::checked_http_config("elasticsearch", config).url,
                detail::with_credential_header(config.connection, "Authorization", "ApiKey"),
                {.entries = config.batch_size, .body_bytes = static_cast<std::size_t>(config.batch_bytes)},
                std::make_unique<detail::elasticsearch_format>(config),
                /*needs_json=*/config.document == elasticsearch_document::envelope} {}

FAPILOG_INLINE datadog::datadog(datadog_config const& config)
    : http_sink{detail::checked_http_config("datadog", config).receiver(),
                detail::with_credential_header(config.connection, "DD-API-KEY", ""),
                {.entries = config.batch_size, .body_bytes = static_cast<std::size_t>(config.batch_bytes)},
                std::make_unique<detail::datadog_format>(config),
                /*needs_json=*/false} {}

FAPILOG_INLINE splunk::splunk(splunk_config const& config)
    : http_sink{detail::checked_http_config("splunk", config).url,
                detail::with_credential_header(config.connection, "Authorization", "Splunk"),
                {.entries = config.batch_size, .body_bytes = static_cast<std::size_t>(config.batch_bytes)},
                std::make_unique<detail::splunk_format>(config)} {}

FAPILOG_INLINE detail::splunk_format& splunk::own_format() noexcept {
  return static_cast<detail::splunk_format&>(format());
}

FAPILOG_INLINE void splunk::start(start_context const& context) {
  http_sink::start(context);
  detail::splunk_acknowledgements const& expected = own_format().acknowledgements();
  if (!expected.are_expected()) return;
  detail::http_response response;
  try {
    response = writer().client().send(expected.query());
  } catch (std::runtime_error const&) {
    return;  // the credential cannot be read, which the first batch reports
  }
  if (detail::splunk_code_of(response) == detail::splunk_ack_disabled)
    throw std::runtime_error{detail::splunk_verdict(response, writer().client().peer()).reason};
}

FAPILOG_INLINE write_result splunk::write(batch const& entries) {
  detail::splunk_format& format = own_format();
  if (!format.acknowledgements().are_expected()) return http_sink::write(entries);
  format.acknowledgements().begin(entries);
  write_result sent = http_sink::write(entries);
  return format.acknowledgements().wait(writer().client(), format.config(), std::move(sent));
}

}  // namespace sinks
}  // namespace fapilog::inline v0_1
