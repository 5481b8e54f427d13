// SPDX-License-Identifier: MIT
// The function by which the options of a delivery refer to the spool.
#pragma once

#include <fapilog/delivery/part_store.hpp>
#include <fapilog/delivery/spool/spooled_parts.hpp>
#include <fapilog/detail/compiled.hpp>
#include <fapilog/metrics/sink_account.hpp>
#include <fapilog/setup/delivery_options.hpp>

#include <memory>
#include <string_view>
#include <utility>

namespace fapilog::inline v0_1::detail {

FAPILOG_INLINE part_store_maker const& spool_maker() noexcept {
  static constexpr part_store_maker maker{[](spool_options const& options, std::string_view sink_name,
                                             part_store::reporter report,
                                             sink_counters& counts) -> std::unique_ptr<part_store> {
    return std::make_unique<spooled_parts>(options, sink_name, std::move(report), counts);
  }};
  return maker;
}

}  // namespace fapilog::inline v0_1::detail
