// SPDX-License-Identifier: MIT
// The contract of a redactor, which removes from an event what must not leave the process.
#pragma once

#include <fapilog/record/event.hpp>
#include <fapilog/setting.hpp>
#include <fapilog/stages/stage.hpp>

#include <array>
#include <concepts>
#include <cstdint>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

namespace fapilog::inline v0_1 {

/// What happens to a record whose redactor throws. No mode delivers a value that the redactor could not check.
enum class redaction_fail_mode : std::uint8_t {
  open,    ///< every value and the message become `[REDACTION FAILED]`, the record is delivered and counted
  warn,    ///< as `open`, and the failure is reported
  closed,  ///< the record is dropped and counted as failed, and the failure is reported
};

/// A redactor has `void redact(event&)`. If it throws, the event does not pass unredacted: see `redaction_fail_mode`.
/// Reports name the type of the exception but not its text, which may contain the value. Optional members: see
/// `stage_base`. Thread: the worker's, one call at a time.
template <class T>
concept redactor = requires(T& s, event& e) {
  s.redact(e);
};

/// Holds any redactor, or a function `void(event&)`, by value. A copy has its own state.
class any_redactor {
 public:
  template <class T>
    requires(!std::same_as<std::remove_cvref_t<T>, any_redactor>)
  any_redactor(T&& s)  // NOLINT(google-explicit-constructor)
      : self_(std::make_unique<model<std::remove_cvref_t<T>>>(std::forward<T>(s))) {
    using type = std::remove_cvref_t<T>;
    static_assert(redactor<type> || std::is_invocable_v<type&, event&>,
                  "fapilog: this type is not a redactor. A redactor has void redact(fapilog::event&).");
  }
  any_redactor(any_redactor const& other) : self_(other.self_->copy()) {}
  any_redactor(any_redactor&&) noexcept = default;
  any_redactor& operator=(any_redactor other) noexcept {
    self_ = std::move(other.self_);
    return *this;
  }
  ~any_redactor() = default;

  void redact(event& e) { self_->redact(e); }
  [[nodiscard]] detail::stage_base& base() noexcept { return *self_; }
  [[nodiscard]] detail::stage_base const& base() const noexcept { return *self_; }

 private:
  struct contract : detail::stage_base {
    static constexpr std::string_view kind_name = "redactor";
    virtual void redact(event& e) = 0;
    [[nodiscard]] virtual std::unique_ptr<contract> copy() const = 0;
  };

  template <class T>
  struct model final : detail::stage_model<contract, T> {
    using detail::stage_model<contract, T>::stage_model;
    void redact(event& e) override {
      if constexpr (redactor<T>) this->stage_.redact(e);
      else this->stage_(e);
    }
    [[nodiscard]] std::unique_ptr<contract> copy() const override {
      return std::make_unique<model>(this->stage_);
    }
  };

  std::unique_ptr<contract> self_;
};

}  // namespace fapilog::inline v0_1

template <>
struct fapilog::enum_names<fapilog::redaction_fail_mode> {
  static constexpr std::array names{std::pair{redaction_fail_mode::open, std::string_view{"open"}},
                                    std::pair{redaction_fail_mode::warn, std::string_view{"warn"}},
                                    std::pair{redaction_fail_mode::closed, std::string_view{"closed"}}};
};
