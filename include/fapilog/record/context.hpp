// SPDX-License-Identifier: MIT
// Fields bound to the running thread for a while, and how they are carried to another.
#pragma once

#include <fapilog/detail/shared_bytes.hpp>
#include <fapilog/record/field_cells.hpp>

#include <concepts>
#include <cstdint>
#include <initializer_list>

namespace fapilog {
namespace detail {

class scope_link;

/// What the calls of this thread carry. Trivial, so that it can be read at any time of the thread's life.
struct thread_scope {
  scope_link* top = nullptr;
  std::uint64_t version = 0;  ///< names the fields in force; 0 for none
  std::uint64_t versions = 0;
};
inline constinit thread_local thread_scope this_thread_scope{};

/// One set of fields in force, linked to the one outside it. Bound to the thread and the place where it was made.
class scope_link {
 public:
  explicit scope_link(shared_bytes fields) noexcept
      : fields_(static_cast<shared_bytes&&>(fields)),
        thread_(&this_thread_scope),
        outer_(this_thread_scope.top) {
    version_ = ++thread_->versions;
    thread_->top = this;
    thread_->version = version_;
  }
  scope_link(scope_link const&) = delete;
  scope_link& operator=(scope_link const&) = delete;
  ~scope_link() {
    if (thread_ != &this_thread_scope)
      return;  // destroyed on a foreign thread: that thread's scope is not ours
    scope_link** link = &thread_->top;
    while (*link != nullptr && *link != this) link = &(*link)->outer_;
    if (*link == nullptr) return;
    *link = outer_;
    thread_->version = thread_->top == nullptr ? 0 : thread_->top->version_;
  }

  [[nodiscard]] shared_bytes const& fields() const noexcept { return fields_; }

 private:
  shared_bytes fields_;
  thread_scope* thread_;
  scope_link* outer_;
  std::uint64_t version_ = 0;
};

[[nodiscard]] inline shared_bytes current_scope() noexcept {
  return this_thread_scope.top == nullptr ? shared_bytes{} : this_thread_scope.top->fields();
}

/// Longest that the fields of one scope or logger may be together.
inline constexpr std::size_t max_bound_bytes = std::size_t{64} * 1024;

}  // namespace detail

/// Fields for every record that this thread logs until the end of the block; inner scopes add to outer ones and win
/// over them, a call's own fields win over both. Thread: it belongs to the one that made it. Throws: never.
class [[nodiscard]] scope {
 public:
  template <std::same_as<field>... Fields>
    requires(sizeof...(Fields) > 0)
  explicit scope(Fields const&... fields) noexcept : scope({fields...}) {}
  explicit scope(std::initializer_list<field> fields) noexcept
      : link_(detail::freeze(fields.begin(), fields.size(), detail::current_scope(),
                             detail::max_bound_bytes)) {}

 private:
  detail::scope_link link_;
};

/// The fields in force on a thread, as a value: capture it, carry it to another thread or into a coroutine, attach it
/// there. Copies share. Thread: any.
class context {
 public:
  /// Puts the captured fields in force on the thread where it stands, in place of those in force, until its end.
  class [[nodiscard]] attachment {
   public:
    explicit attachment(detail::shared_bytes fields) noexcept
        : link_(static_cast<detail::shared_bytes&&>(fields)) {}

   private:
    detail::scope_link link_;
  };

  context() noexcept = default;
  [[nodiscard]] static context capture() noexcept {
    context result;
    result.fields_ = detail::current_scope();
    return result;
  }
  [[nodiscard]] attachment attach() const noexcept { return attachment{fields_}; }

 private:
  detail::shared_bytes fields_;
};

}  // namespace fapilog
