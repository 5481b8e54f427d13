// SPDX-License-Identifier: MIT
// Requests of a server that is written with Boost.Beast: ids on all records of a request, and one access record for each.
#pragma once

#include <fapilog/integrations/request.hpp>
#include <fapilog/integrations/request_headers.hpp>

#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/message.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace fapilog::inline v0_1::integrations {

/// Logs the requests of one server: `begin` when a request has been read, `answer` before its response is written, and `finish` of
/// the request, or its end, after that. It must outlive the requests. Thread: any.
class beast_requests {
 public:
  /// Throws: std::invalid_argument as `request_log`.
  explicit beast_requests(logger log, request_log_config config = {})
      : requests_(std::move(log), std::move(config)) {}

  /// Begins a request. `peer` is the address of the connection without the port:
  /// `socket.remote_endpoint().address().to_string()`. Its context is in force only where you attach it, or make a
  /// `coroutine_scope` of it. Throws: std::bad_alloc.
  template <bool IsRequest, class Body, class Fields>
  [[nodiscard]] std::unique_ptr<request> begin(
      boost::beast::http::message<IsRequest, Body, Fields> const& received,
      std::string_view peer) const requires IsRequest {
    fapilog::detail::request_headers headers;
    for (auto const& field : received) headers.add(view(field.name_string()), view(field.value()));
    std::string_view const target = view(received.target());
    std::size_t const mark = target.find('?');
    request_start start;
    start.method = view(received.method_string());
    start.path = target.substr(0, mark);
    start.query = mark == std::string_view::npos ? std::string_view{} : target.substr(mark + 1);
    start.peer = peer;
    headers.give_to(start);
    start.bytes_in = size_of(received);
    return std::make_unique<request>(requests_, start);
  }
  /// Begins a request that could not be read, so that it has an access record, too. Throws: std::bad_alloc.
  [[nodiscard]] std::unique_ptr<request> begin_unreadable(std::string_view peer) const {
    request_start start;
    start.peer = peer;
    return std::make_unique<request>(requests_, start);
  }

  /// Notes the status and the size of a response, and gives it the header X-Request-Id. Throws: std::bad_alloc.
  template <bool IsRequest, class Body, class Fields>
  void answer(request& served, boost::beast::http::message<IsRequest, Body, Fields>& response) const
      requires(!IsRequest) {
    response.set("X-Request-Id", served.id());
    served.set_status(static_cast<int>(response.result_int()));
    served.set_bytes_out(size_of(response));
  }

 private:
  template <class View>
  static std::string_view view(View const& text) noexcept {
    return {text.data(), text.size()};
  }
  /// Of the body; 0 if it is not known in advance.
  template <class Message>
  static std::uint64_t size_of(Message const& message) {
    auto const size = message.payload_size();
    return size ? *size : 0;
  }

  request_log requests_;
};

}  // namespace fapilog::inline v0_1::integrations
