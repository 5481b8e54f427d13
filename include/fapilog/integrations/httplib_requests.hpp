// SPDX-License-Identifier: MIT
// Requests of a cpp-httplib server: ids on all records of a handler, and one access record for each request.
#pragma once

#include <fapilog/integrations/request.hpp>
#include <fapilog/integrations/request_headers.hpp>

#include <httplib.h>

#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace fapilog::inline v0_1::integrations {

/// Logs the requests of one server. Make it before the server listens; it uses the server's pre-routing handler, exception
/// handler and logger, so give your own to it. It must outlive the server. Thread: one makes it; the server's threads log.
class httplib_requests {
 public:
  httplib_requests(httplib::Server& server, logger log, request_log_config config = {},
                   httplib::Server::HandlerWithResponse before = {},
                   httplib::Server::ExceptionHandler on_exception = {})
      : requests_(std::move(log), std::move(config)),
        before_(std::move(before)),
        on_exception_(std::move(on_exception)) {
    server.set_pre_routing_handler([this](httplib::Request const& req, httplib::Response& res) {
      begin(req, res);
      return before_ ? before_(req, res) : httplib::Server::HandlerResponse::Unhandled;
    });
    server.set_exception_handler(
        [this](httplib::Request const& req, httplib::Response& res, std::exception_ptr error) {
          if (current()) current()->served.set_exception(error);
          res.status = 500;
          if (on_exception_) on_exception_(req, res, error);
        });
    server.set_logger(
        [this](httplib::Request const& req, httplib::Response const& res) { finish(req, res); });
  }
  httplib_requests(httplib_requests const&) = delete;
  httplib_requests& operator=(httplib_requests const&) = delete;

  /// A handler whose requests have this route template: `server.Get(R"(/orders/(\d+))", requests.route("/orders/{id}", f))`.
  template <class Handler>
  [[nodiscard]] auto route(std::string name, Handler handler) const {
    return [route = std::move(name), handle = std::move(handler)](httplib::Request const& req,
                                                                  httplib::Response& res) {
      if (current()) current()->served.set_route(route);
      handle(req, res);
    };
  }
  /// The request of this thread's handler, for its ids or to carry its context to another thread. Null outside a handler.
  [[nodiscard]] static request* of_this_thread() noexcept { return current() ? &current()->served : nullptr; }

 private:
  /// The server handles a request on one thread.
  struct active {
    active(request_log const& owner, request_start const& start)
        : served(owner, start), attached(served.attach()) {}
    request served;
    fapilog::context::attachment attached;
  };
  static std::optional<active>& current() noexcept {
    thread_local std::optional<active> one;
    return one;
  }

  void begin(httplib::Request const& req, httplib::Response& res) const {
    current().reset();
    fapilog::detail::request_headers headers;
    for (auto const& [name, value] : req.headers) headers.add(name, value);
    std::string_view const target = req.target;
    std::size_t const mark = target.find('?');
    request_start start;
    start.method = req.method;
    start.path = req.path;
    start.query = mark == std::string_view::npos ? std::string_view{} : target.substr(mark + 1);
    start.peer = req.remote_addr;
    headers.give_to(start);
    start.bytes_in = req.body.size();
    current().emplace(requests_, start);
    res.set_header("X-Request-Id", current()->served.id());
  }

  void finish(httplib::Request const& req, httplib::Response const& res) const {
    if (!current()) {  // a request that the server refused to read
      request_start start;
      start.method = req.method;
      start.path = req.path;
      start.peer = req.remote_addr;
      current().emplace(requests_, start);
    }
    request& served = current()->served;
    served.set_status(res.status);
    served.set_bytes_in(req.body.size());
    served.set_bytes_out(res.body.empty() ? res.content_length_ : res.body.size());
    served.finish();  // while its scope is in force
    current().reset();
  }

  request_log requests_;
  httplib::Server::HandlerWithResponse before_;
  httplib::Server::ExceptionHandler on_exception_;
};

}  // namespace fapilog::inline v0_1::integrations
