// SPDX-License-Identifier: MIT
// The contract of a filter, which keeps an event or removes it.
#pragma once

#include <fapilog/record/event.hpp>
#include <fapilog/stages/stage.hpp>

#include <concepts>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

namespace fapilog::inline v0_1 {

/// A filter has `bool keep(event const&)`, or `bool keep(event&)` if it marks events. False removes the event and counts
/// it as filtered. If the filter throws, the event is kept and the error is reported. Optional members: see `stage_base`,
/// and `tighten(double share)` for a filter that can pass less under pressure: `share` is the part of its configured rate
/// that may pass, 1 for all of it. Thread: the worker's, one call at a time.
template <class T>
concept filter = requires(T& s, event& e) {
  { s.keep(e) } -> std::convertible_to<bool>;
};

/// Holds any filter, or a function `bool(event const&)`, by value. A copy has its own state.
class any_filter {
 public:
  template <class T>
    requires(!std::same_as<std::remove_cvref_t<T>, any_filter>)
  any_filter(T&& s)  // NOLINT(google-explicit-constructor)
      : self_(std::make_unique<model<std::remove_cvref_t<T>>>(std::forward<T>(s))) {
    using type = std::remove_cvref_t<T>;
    static_assert(filter<type> || std::is_invocable_r_v<bool, type&, event&>,
                  "fapilog: this type is not a filter. A filter has bool keep(fapilog::event const&).");
  }
  any_filter(any_filter const& other) : self_(other.self_->copy()) {}
  any_filter(any_filter&&) noexcept = default;
  any_filter& operator=(any_filter other) noexcept {
    self_ = std::move(other.self_);
    return *this;
  }
  ~any_filter() = default;

  [[nodiscard]] bool keep(event& e) { return self_->keep(e); }
  /// Does nothing if the filter has no `tighten`.
  void tighten(double share) { self_->tighten(share); }
  [[nodiscard]] detail::stage_base& base() noexcept { return *self_; }
  [[nodiscard]] detail::stage_base const& base() const noexcept { return *self_; }

 private:
  struct contract : detail::stage_base {
    static constexpr std::string_view kind_name = "filter";
    [[nodiscard]] virtual bool keep(event& e) = 0;
    virtual void tighten(double share) = 0;
    [[nodiscard]] virtual std::unique_ptr<contract> copy() const = 0;
  };

  template <class T>
  struct model final : detail::stage_model<contract, T> {
    using detail::stage_model<contract, T>::stage_model;
    [[nodiscard]] bool keep(event& e) override {
      if constexpr (filter<T>) return this->stage_.keep(e);
      else return this->stage_(e);
    }
    void tighten([[maybe_unused]] double share) override {
      if constexpr (requires { this->stage_.tighten(share); }) this->stage_.tighten(share);
    }
    [[nodiscard]] std::unique_ptr<contract> copy() const override {
      return std::make_unique<model>(this->stage_);
    }
  };

  std::unique_ptr<contract> self_;
};

}  // namespace fapilog::inline v0_1
