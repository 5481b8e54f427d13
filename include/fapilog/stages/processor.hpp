// SPDX-License-Identifier: MIT
// The contract of a processor, which changes the finished line.
#pragma once

#include <fapilog/record/event.hpp>
#include <fapilog/stages/stage.hpp>

#include <concepts>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace fapilog::inline v0_1 {

/// A processor has `bool process(event const&, std::string& line)`. It may change the line, which has no line end, in
/// place. False drops the record and counts it as failed. If the processor throws, the line stays unchanged and the error
/// is reported. Optional members: see `stage_base`. Thread: the worker's, one call at a time.
template <class T>
concept processor = requires(T& s, event const& e, std::string& line) {
  { s.process(e, line) } -> std::convertible_to<bool>;
};

/// Holds any processor, or a function `bool(event const&, std::string&)`, by value. A copy has its own state.
class any_processor {
 public:
  template <class T>
    requires(!std::same_as<std::remove_cvref_t<T>, any_processor>)
  any_processor(T&& s)  // NOLINT(google-explicit-constructor)
      : self_(std::make_unique<model<std::remove_cvref_t<T>>>(std::forward<T>(s))) {
    using type = std::remove_cvref_t<T>;
    static_assert(processor<type> || std::is_invocable_r_v<bool, type&, event const&, std::string&>,
                  "fapilog: this type is not a processor. A processor has bool process(fapilog::event "
                  "const&, std::string& line).");
  }
  any_processor(any_processor const& other) : self_(other.self_->copy()) {}
  any_processor(any_processor&&) noexcept = default;
  any_processor& operator=(any_processor other) noexcept {
    self_ = std::move(other.self_);
    return *this;
  }
  ~any_processor() = default;

  [[nodiscard]] bool process(event const& e, std::string& line) { return self_->process(e, line); }
  [[nodiscard]] detail::stage_base& base() noexcept { return *self_; }
  [[nodiscard]] detail::stage_base const& base() const noexcept { return *self_; }

 private:
  struct contract : detail::stage_base {
    static constexpr std::string_view kind_name = "processor";
    [[nodiscard]] virtual bool process(event const& e, std::string& line) = 0;
    [[nodiscard]] virtual std::unique_ptr<contract> copy() const = 0;
  };

  template <class T>
  struct model final : detail::stage_model<contract, T> {
    using detail::stage_model<contract, T>::stage_model;
    [[nodiscard]] bool process(event const& e, std::string& line) override {
      if constexpr (processor<T>) return this->stage_.process(e, line);
      else return this->stage_(e, line);
    }
    [[nodiscard]] std::unique_ptr<contract> copy() const override {
      return std::make_unique<model>(this->stage_);
    }
  };

  std::unique_ptr<contract> self_;
};

}  // namespace fapilog::inline v0_1
