// SPDX-License-Identifier: MIT
// Runs statements on a ClickHouse server over HTTP, other than the INSERTs of records.
#pragma once

#include <fapilog/detail/text/concat.hpp>
#include <fapilog/sinks/clickhouse/detail/exception_code.hpp>
#include <fapilog/sinks/clickhouse/detail/insert_format.hpp>
#include <fapilog/sinks/http/detail/http_client.hpp>
#include <fapilog/sinks/http/detail/http_message.hpp>
#include <fapilog/sinks/http/detail/http_verdict.hpp>

#include <cstddef>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail::ch {

/// A statement that did not succeed. The text contains no secret and no content of a record.
class query_failure : public std::runtime_error {
 public:
  explicit query_failure(http_verdict verdict, int code = 0)
      : std::runtime_error{verdict.reason}, verdict_(std::move(verdict)), code_(code) {}
  [[nodiscard]] http_verdict const& verdict() const noexcept { return verdict_; }
  /// The server's error; 0 if it did not answer.
  [[nodiscard]] int code() const noexcept { return code_; }

 private:
  http_verdict verdict_;
  int code_;
};

using text_table = std::vector<std::vector<std::string>>;

/// Reads the format TabSeparated.
[[nodiscard]] inline text_table rows_of(std::string_view text) {
  text_table rows;
  std::string value;
  std::vector<std::string> row;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char const c = text[i];
    if (c == '\\' && i + 1 < text.size()) {
      char const escaped = text[++i];
      value += escaped == 'n' ? '\n' : escaped == 't' ? '\t' : escaped;
    } else if (c == '\t' || c == '\n') {
      row.push_back(std::exchange(value, {}));
      if (c == '\n') rows.push_back(std::exchange(row, {}));
    } else {
      value += c;
    }
  }
  return rows;
}

/// No request of this client may be in flight. Throws: query_failure; std::bad_alloc.
inline text_table run_query(http_client& client, std::vector<std::string> const& headers, std::string sql) {
  http_request request;
  request.content_type = "text/plain; charset=UTF-8";
  request.headers = headers;
  request.kept_header = "X-ClickHouse-Exception-Code";
  request.body = std::move(sql);
  http_response response;
  try {
    response = client.send(std::move(request));
  } catch (std::runtime_error const& error) {  // the credential cannot be read
    throw query_failure{
        {.outcome = http_outcome::refused, .reason = concat({client.peer(), ": ", error.what()})}};
  }
  int const code = response.failure == http_failure::none ? code_of(response) : 0;
  if (code != 0) throw query_failure{verdict_of_code(code, response, client.peer()), code};
  http_verdict verdict = verdict_of(response, client.peer());
  if (verdict.outcome != http_outcome::delivered) throw query_failure{std::move(verdict)};
  if (response.is_body_cut) {
    throw query_failure{
        {.outcome = http_outcome::retry,
         .reason = concat({client.peer(), ": a response is longer than connection.max_response_bytes"})}};
  }
  return rows_of(response.body);
}

}  // namespace fapilog::inline v0_1::detail::ch
