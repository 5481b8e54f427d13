// SPDX-License-Identifier: MIT
// Entries as one INSERT of ClickHouse's HTTP interface, and what the server's responses mean.
#pragma once

#include <fapilog/detail/hash/sha256.hpp>
#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/detail/text/concat.hpp>
#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/metrics/metric.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/sinks/clickhouse/detail/exception_code.hpp>
#include <fapilog/sinks/clickhouse/detail/row_writer.hpp>
#include <fapilog/sinks/clickhouse/detail/unsure_blocks.hpp>
#include <fapilog/sinks/http/detail/http_message.hpp>
#include <fapilog/sinks/http/detail/http_verdict.hpp>
#include <fapilog/sinks/http/detail/http_writer.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail::ch {

/// A value in the query of a URL.
[[nodiscard]] inline std::string url_encoded(std::string_view text) {
  std::string all;
  for (char const c : text) {
    if (is_ascii_alphanumeric(c) || c == '_' || c == '-' || c == '.') {
      all += c;
    } else {
      char digits[2];
      put_hex(digits, static_cast<std::uint8_t>(c));
      append(all, {"%", {digits, sizeof digits}});
    }
  }
  return all;
}

/// What a server's error means, with its code and name and without its text, which may contain values of records.
[[nodiscard, gnu::cold]] inline http_verdict verdict_of_code(int code, http_response const& response,
                                                             std::string_view peer) {
  exception_code const& meaning = meaning_of(code);
  if (meaning.outcome == http_outcome::delivered) return {};
  constexpr std::chrono::milliseconds pause = std::chrono::seconds{1};
  return {.outcome = meaning.outcome,
          .reason = concat({peer, ": the server reports error ", std::to_string(code),
                            meaning.name.empty() ? "" : " (", meaning.name, meaning.name.empty() ? "" : ")",
                            ": ", meaning.advice}),
          .delay = meaning.outcome == http_outcome::retry ? (std::max)(pause, response.retry_after)
                                                          : response.retry_after};
}

/// Thread: one at a time. Throws: std::bad_alloc.
class insert_format final : public http_format {
 public:
  /// `statement` is the INSERT; `settings` are those of the server, as `name=value`.
  void prepare(std::vector<written_column> columns, std::string_view statement,
               std::vector<std::string> const& settings, std::vector<std::string> headers, bool has_tokens) {
    rows_.emplace(std::move(columns));
    query_ = "query=" + url_encoded(statement);
    for (std::string const& setting : settings) {
      std::size_t const end = setting.find('=');
      append(query_,
             {"&", setting.substr(0, end), "=", url_encoded(std::string_view{setting}.substr(end + 1))});
    }
    headers_ = std::move(headers);
    has_tokens_ = has_tokens;
    must_check_table_ = false;
    trusts_table_ = true;
  }

  void encode(batch const& entries, std::string& body) override {
    text_.clear_to(kept_bytes);
    for (entry const& e : entries) rows_->put(text_, e);
    body.append(text_.view());
  }
  void describe(batch const& entries, http_request& request) override {
    request.query = query_;
    if (has_tokens_) append(request.query, {"&insert_deduplication_token=", token_of(entries)});
    request.content_type = "text/plain; charset=UTF-8";
    request.headers = headers_;
    request.may_repeat = false;  // the table may not recognise a block that comes again
    request.kept_header = "X-ClickHouse-Exception-Code";
    inserts.add();
  }

  [[nodiscard]] http_verdict judge(http_response const& response, batch const& entries,
                                   std::string_view peer) override {
    int const code = response.failure == http_failure::none ? code_of(response) : 0;
    http_verdict verdict = code != 0 ? verdict_of_code(code, response, peer) : verdict_of(response, peer);
    if (code != 0 && meaning_of(code).is_about_table && !trusts_table_) {
      must_check_table_ = true;
      if (verdict.outcome == http_outcome::invalid) verdict.outcome = http_outcome::retry;
    }
    bool const is_unsure = code != 0 ? meaning_of(code).is_unsure : response.was_sent;
    if (verdict.outcome == http_outcome::retry && is_unsure) {
      unsure.add(entries);
      unsure_inserts.add();
    } else if (!(verdict.outcome == http_outcome::retry || verdict.outcome == http_outcome::refused)) {
      unsure.remove(entries);
    }
    if (verdict.outcome == http_outcome::delivered) rows.add(entries.size());
    return verdict;
  }

  /// Begins a call of `write`, in which the table has not been checked yet.
  void distrust_table() noexcept { trusts_table_ = false; }
  /// True if a response means that the table may have changed. The records are then kept until it is checked: if it is in order,
  /// they are at fault.
  [[nodiscard]] bool must_check_table() const noexcept { return must_check_table_; }

  unsure_blocks unsure;
  counter rows;            ///< records that the server acknowledged
  counter inserts;         ///< INSERTs sent
  counter unsure_inserts;  ///< INSERTs of which it was not known whether the server stored them

 private:
  static constexpr std::size_t kept_bytes = std::size_t{32} << 20;

  /// The same for the same records in the same order.
  [[nodiscard]] static std::string token_of(batch const& entries) {
    sha256 hash;
    for (entry const& e : entries) {
      auto const& id = e.event.message_id.bytes;
      hash.update({reinterpret_cast<char const*>(id.data()), id.size()});
    }
    std::string token;
    for (unsigned char const byte : hash.finish()) {
      char digits[2];
      put_hex(digits, byte);
      token.append(digits, sizeof digits);
    }
    return token;
  }

  std::optional<row_writer> rows_;
  std::string query_;
  std::vector<std::string> headers_;
  bool has_tokens_ = false;
  bool must_check_table_ = false;
  bool trusts_table_ = false;
  text_buffer text_;
};

}  // namespace fapilog::inline v0_1::detail::ch
