// SPDX-License-Identifier: MIT
// Entries as requests of OTLP/HTTP, and what a collector's answers mean: https://opentelemetry.io/docs/specs/otlp/#otlphttp.
#pragma once

#include <fapilog/detail/text/concat.hpp>
#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/sinks/http/detail/http_message.hpp>
#include <fapilog/sinks/http/detail/http_verdict.hpp>
#include <fapilog/sinks/http/detail/http_writer.hpp>
#include <fapilog/sinks/otlp/config.hpp>
#include <fapilog/sinks/otlp/detail/json_form.hpp>
#include <fapilog/sinks/otlp/detail/log_groups.hpp>
#include <fapilog/sinks/otlp/detail/log_request.hpp>
#include <fapilog/sinks/otlp/detail/log_response.hpp>
#include <fapilog/sinks/otlp/detail/protobuf_form.hpp>

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>

namespace fapilog::inline v0_1::detail::otlp {

/// Thread: one at a time. Throws: std::bad_alloc.
class log_format final : public http_format {
 public:
  log_format(sinks::otlp_encoding encoding, resource_attributes common)
      : encoding_(encoding), common_(std::move(common)) {}

  void encode(batch const& entries, std::string& body) override {
    text_.clear_to(kept_bytes);
    log_groups const groups{entries};
    if (is_json()) {
      log_request_writer<json_form>::put(text_, groups, common_);
    } else {
      log_request_writer<protobuf_form>::put(text_, groups, common_);
    }
    body.append(text_.view());
  }
  void describe(batch const& /*entries*/, http_request& request) override {
    request.content_type = is_json() ? "application/json" : "application/x-protobuf";
  }

  [[nodiscard]] http_verdict judge(http_response const& response, batch const& entries,
                                   std::string_view peer) override {
    http_verdict verdict = verdict_of(response, peer, outcome_of(response.status));
    if (response.failure != http_failure::none || verdict.outcome != http_outcome::delivered) return verdict;
    std::uint64_t rejected =
        is_json() ? rejected_in_json(response.body) : rejected_in_protobuf(response.body);
    if (rejected == 0) return verdict;
    if (rejected > entries.size()) rejected = entries.size();
    // The collector reports how many, not which: the count is right, the entries may be others.
    verdict.outcome = http_outcome::items;
    verdict.never.resize(number_cast<std::size_t>(rejected));
    std::iota(verdict.never.begin(), verdict.never.end(), entries.size() - verdict.never.size());
    verdict.reason = concat({peer, ": the collector rejected ", std::to_string(rejected), " of ",
                             std::to_string(entries.size()), " records (partial success)"});
    return verdict;
  }

 private:
  static constexpr std::size_t kept_bytes = std::size_t{8} << 20;

  [[nodiscard]] bool is_json() const noexcept { return encoding_ == sinks::otlp_encoding::json; }

  /// The specification permits to repeat a request after 429, 502, 503 and 504, and after no other failure of the server.
  [[nodiscard]] static http_outcome outcome_of(int status) noexcept {
    if (status < 500 || status == 502 || status == 503 || status == 504) return outcome_of_status(status);
    return http_outcome::rejected;
  }

  sinks::otlp_encoding encoding_;
  resource_attributes common_;
  text_buffer text_;
};

}  // namespace fapilog::inline v0_1::detail::otlp
