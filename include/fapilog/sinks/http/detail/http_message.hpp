// SPDX-License-Identifier: MIT
// A request of a sink over HTTP, and the response to it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// Sent with POST, unless it has no body: then with GET.
struct http_request {
  /// Appended to the path of the URL, for example `/_bulk`; empty: the URL as it is.
  std::string path = {};
  /// Appended to the query of the URL, without `?` or `&`.
  std::string query = {};
  std::string content_type = {};
  std::string content_encoding = {};
  std::vector<std::string> headers = {};  ///< `Name: value`, in addition to those of the connection
  std::string body = {};
  /// False: libcurl must not send the request again by itself, as it does if a kept-alive connection ends before a response.
  bool may_repeat = true;
  std::string kept_header = {};  ///< name of a header of the response whose value is kept; empty: none
};

enum class http_failure : std::uint8_t {
  none,         ///< there is a status
  unreachable,  ///< the name was not found, no connection, it was lost, or a timeout passed: try again
  refused,  ///< TLS failed: a certificate that is not valid for the host, or a file of the client's that cannot be used
};

struct http_response {
  http_failure failure = http_failure::none;
  int status = 0;     ///< 0 if there was no complete response
  std::string error;  ///< why there was none, with host and port and without secrets
  std::string body;   ///< at most `max_response_bytes`
  bool is_body_cut = false;
  std::string kept_header;                  ///< value of the header that the request names
  bool was_sent = false;                    ///< the server may have got the request, or a part of it
  std::chrono::milliseconds retry_after{};  ///< from the header of that name, at most 10 minutes
};

}  // namespace fapilog::inline v0_1::detail
