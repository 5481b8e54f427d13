// SPDX-License-Identifier: MIT
// The contract of an enricher, which adds members to an event.
#pragma once

#include <fapilog/record/event.hpp>
#include <fapilog/stages/stage.hpp>

#include <concepts>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

namespace fapilog::inline v0_1 {

/// An enricher has `void enrich(event&)`. The event already has what earlier enrichers added. If it throws, the event
/// lacks its members and the error is reported. Optional members: see `stage_base`. Thread: the worker's, one call at a
/// time.
template <class T>
concept enricher = requires(T& s, event& e) {
  s.enrich(e);
};

/// Holds any enricher, or a function `void(event&)`, by value. A copy has its own state.
class any_enricher {
 public:
  template <class T>
    requires(!std::same_as<std::remove_cvref_t<T>, any_enricher>)
  any_enricher(T&& s)  // NOLINT(google-explicit-constructor)
      : self_(std::make_unique<model<std::remove_cvref_t<T>>>(std::forward<T>(s))) {
    using type = std::remove_cvref_t<T>;
    static_assert(enricher<type> || std::is_invocable_v<type&, event&>,
                  "fapilog: this type is not an enricher. An enricher has void enrich(fapilog::event&).");
  }
  any_enricher(any_enricher const& other) : self_(other.self_->copy()) {}
  any_enricher(any_enricher&&) noexcept = default;
  any_enricher& operator=(any_enricher other) noexcept {
    self_ = std::move(other.self_);
    return *this;
  }
  ~any_enricher() = default;

  void enrich(event& e) { self_->enrich(e); }
  [[nodiscard]] detail::stage_base& base() noexcept { return *self_; }
  [[nodiscard]] detail::stage_base const& base() const noexcept { return *self_; }

 private:
  struct contract : detail::stage_base {
    static constexpr std::string_view kind_name = "enricher";
    virtual void enrich(event& e) = 0;
    [[nodiscard]] virtual std::unique_ptr<contract> copy() const = 0;
  };

  template <class T>
  struct model final : detail::stage_model<contract, T> {
    using detail::stage_model<contract, T>::stage_model;
    void enrich(event& e) override {
      if constexpr (enricher<T>) this->stage_.enrich(e);
      else this->stage_(e);
    }
    [[nodiscard]] std::unique_ptr<contract> copy() const override {
      return std::make_unique<model>(this->stage_);
    }
  };

  std::unique_ptr<contract> self_;
};

}  // namespace fapilog::inline v0_1
