// SPDX-License-Identifier: MIT
// Strings that an enricher adds to every event, prepared once per batch.
#pragma once

#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/record/event.hpp>
#include <fapilog/record/json.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// Copies its keys and strings into each batch, because a batch may outlive the enricher. Thread: one. Throws:
/// std::bad_alloc.
class prepared_texts {
 public:
  explicit prepared_texts(std::vector<std::pair<std::string, std::string>> texts)
      : texts_(std::move(texts)) {}

  [[nodiscard]] std::vector<std::pair<std::string, std::string>> const& texts() const noexcept {
    return texts_;
  }

  /// The members in the memory of the event's batch; written at the first call for each batch.
  [[nodiscard]] prepared_members const& prepare(event& e) {
    if (e.memory->round() == round_) return prepared_;
    auto* const all = e.memory->take_array<member>(texts_.size());
    detail::text_buffer json;
    for (std::size_t i = 0; i < texts_.size(); ++i) {
      all[i] = {e.copy(texts_[i].first), value::of_string(e.copy(texts_[i].second))};
      detail::json::put_next_member(json, all[i]);
    }
    prepared_ = {all, texts_.size(), e.copy(json.view())};
    round_ = e.memory->round();
    return prepared_;
  }

 private:
  std::vector<std::pair<std::string, std::string>> texts_;
  prepared_members prepared_;
  std::uint64_t round_ = 0;  ///< of the memory that `prepared_` lies in
};

}  // namespace fapilog::inline v0_1::detail
