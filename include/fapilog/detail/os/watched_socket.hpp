// SPDX-License-Identifier: MIT
// TCP sockets for a client library: their connections end soon if packets vanish.
#pragma once

#include <fapilog/detail/os/platform.hpp>

#if !FAPILOG_DETAIL_WINDOWS
#include <fapilog/detail/os/socket.hpp>
#endif

namespace fapilog::inline v0_1::detail {

/// Makes a socket of this family; the other parameters are not read. Returns -1 and sets errno on failure. Thread: any.
using socket_maker = int (*)(int family, int type, int protocol, void* opaque);

#if FAPILOG_DETAIL_WINDOWS
[[nodiscard, gnu::cold]] inline socket_maker watched_socket_maker() noexcept { return nullptr; }
#else

/// Null on Windows. Sent data and keep-alive probes may stay unacknowledged for 5 s on Linux; other systems send probes alone.
[[nodiscard, gnu::cold]] inline socket_maker watched_socket_maker() noexcept {
  return [](int family, int /*type*/, int /*protocol*/, void* /*opaque*/) {
    constexpr int max_unacknowledged_ms = 5'000;
    constexpr int idle_s = 2;  // there are several connections, of which some may be idle
    file made = socket_detail::make_socket(family, socket_kind::stream);
    int const descriptor = made.descriptor();
    made.forget();  // the library closes it
    if (descriptor >= 0) socket_detail::watch_peer(descriptor, max_unacknowledged_ms, idle_s);
    return descriptor;
  };
}

#endif

}  // namespace fapilog::inline v0_1::detail
