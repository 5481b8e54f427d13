// SPDX-License-Identifier: MIT
// Fields bound to the running thread for a time, and how to carry them to another thread.
#pragma once

#include <fapilog/detail/compiler.hpp>
#include <fapilog/detail/guarded_call.hpp>
#include <fapilog/detail/memory/atomic.hpp>
#include <fapilog/detail/memory/byte_buffer.hpp>
#include <fapilog/detail/memory/shared_bytes.hpp>
#include <fapilog/detail/os/platform.hpp>
#include <fapilog/detail/os/thread_end.hpp>
#include <fapilog/record/field_cells.hpp>
#include <fapilog/record/scope_level.hpp>
#include <fapilog/record/scope_misuse.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <new>
#include <utility>

namespace fapilog::inline v0_1 {
namespace detail {

/// What is in force on a thread: fields, and perhaps a level. The thread's list and the scope that made it share the link.
struct scope_link {
  shared_bytes fields;
  shared_scope_level level;
  scope_link* outer = nullptr;
  std::uint64_t version = 0;
  atomic_word<std::uint32_t> holders{2};
  atomic_word<bool> ended{false};  ///< ended on another thread: the owning thread removes it from the list

  /// Releases one reference. True if it was the last one: then the caller frees or reuses the link.
  [[nodiscard]] bool release_reference() noexcept { return holders.fetch_sub(1) == 1; }
};

class channel;
struct lane_front;

/// The lane that a thread used last. The thread owns it and so keeps its channel alive: no other channel can have the address
/// of `owner`.
struct lane_cache {
  channel const* owner = nullptr;
  lane_front* owned = nullptr;      ///< a lane
  channel const* direct = nullptr;  ///< `owner` if it lets calls write into the lane themselves, else null
};

/// What a call reads of its thread, in one cache line: the context, and the lane. Trivial, so that it can be read at any time in
/// the life of the thread.
struct alignas(cache_line) thread_scope {
  scope_link* top = nullptr;
  std::uint64_t version = 0;  ///< identifies the fields in force; 0 for none
  std::uint64_t versions = 0;
  scope_link* spare = nullptr;  ///< links for the next scopes, so that a new scope rarely allocates

  lane_cache last_lane{};  ///< used by the module that made the channel

  bool reuses = false;  ///< from the thread's first scope until its end

  void reuse(scope_link* link) noexcept {
    if (!reuses) {
      delete link;
      return;
    }
    link->fields = {};
    link->level = {};
    link->outer = spare;
    spare = link;
  }
  [[nodiscard]] scope_link* make(shared_bytes fields, shared_scope_level level) noexcept {
    scope_link* link = spare;
    if (link != nullptr) {
      spare = link->outer;
      link->holders.store_relaxed(2);
      link->ended.store_relaxed(false);
    } else {
      link = new (std::nothrow) scope_link;
    }
    if (link == nullptr) return nullptr;
    link->fields = static_cast<shared_bytes&&>(fields);
    link->level = static_cast<shared_scope_level&&>(level);
    link->outer = top;
    link->version = ++versions;
    top = link;
    version = link->version;
    return link;
  }

  /// Removes `gone` and all links that have ended from the list.
  void unlink(scope_link const* gone) noexcept {
    for (scope_link** link = &top; *link != nullptr;) {
      scope_link* const here = *link;
      if (here == gone || here->ended.load_acquire()) {
        *link = here->outer;
        if (here->release_reference()) reuse(here);
      } else {
        link = &here->outer;
      }
    }
    version = top == nullptr ? 0 : top->version;
  }

  /// True if no younger scope of this thread is in force.
  [[nodiscard]] bool is_innermost(scope_link const* link) const noexcept {
    scope_link const* innermost = top;
    while (innermost != nullptr && innermost != link && innermost->ended.load_acquire())
      innermost = innermost->outer;
    return innermost == link;
  }
};
/// One variable per thread in the whole process, even if a shared library is compiled with -fvisibility=hidden: calls
/// of the library have the scopes of the program, and the other way round. A library has one of its own if `dlopen` with
/// RTLD_LOCAL loads it into a program that does not export its symbols, so each call passes the address of its module's.
FAPILOG_DETAIL_SHARED inline constinit thread_local thread_scope this_thread_scope{};

/// Releases the links that remain in the list when the thread ends. Without memory for that, or if the list is gone by then,
/// links are not kept for reuse.
/// A function, so that only files that use scopes pay for it.
FAPILOG_DETAIL_SHARED inline void release_scopes_at_thread_end() noexcept {
  if (thread_variables_end_early || this_thread_scope.reuses) [[likely]]
    return;
  static thread_end end{[](void*) {
    thread_scope& own = this_thread_scope;
    own.reuses = false;
    while (own.top != nullptr) own.unlink(own.top);
    while (own.spare != nullptr) delete std::exchange(own.spare, own.spare->outer);
  }};
  this_thread_scope.reuses = end.add_this_thread();
}

[[nodiscard]] inline shared_bytes current_scope() noexcept {
  return this_thread_scope.top == nullptr ? shared_bytes{} : this_thread_scope.top->fields;
}

[[nodiscard]] inline shared_scope_level current_scope_level() noexcept {
  return this_thread_scope.top == nullptr ? shared_scope_level{} : this_thread_scope.top->level;
}
/// True if a scope of this thread lets a call of a channel pass whose level is below that of its logger.
[[nodiscard]] inline bool scope_lets_pass(thread_scope const& caller, void const* owner,
                                          level severity) noexcept {
  auto const lets_pass = [&](thread_scope const& of) {
    return of.top != nullptr && is_let_pass(of.top->level.get(), owner, severity);
  };
  return lets_pass(this_thread_scope) || (&caller != &this_thread_scope && lets_pass(caller));
}

/// True if a call's module has a `this_thread_scope` of its own and fields in force there.
[[nodiscard, gnu::always_inline]] inline bool has_separate_scope(thread_scope const& caller) noexcept {
  return &caller != &this_thread_scope && caller.version != 0;
}

/// Returns the fields in force for a call: this module's, and before them those of the call's module if it has a
/// `this_thread_scope` of its own; they win over this module's. Without memory for both, returns the call's. Throws: never.
[[nodiscard]] inline shared_bytes scope_of_call(thread_scope const& caller) noexcept {
  shared_bytes ours = current_scope();
  if (!has_separate_scope(caller) || caller.top->fields.empty()) return ours;
  shared_bytes const& theirs = caller.top->fields;
  if (ours.empty()) return theirs;
  shared_bytes all;
  bool const has_memory = guarded([&] {
    byte_buffer both;
    std::memcpy(both.extend(theirs.size()), theirs.data(), theirs.size());
    std::memcpy(both.extend(ours.size()), ours.data(), ours.size());
    all = shared_bytes::copy_of(both.data(), both.size());
  });
  return has_memory ? all : theirs;
}

/// Puts fields in force on this thread until it is destroyed, and perhaps a level. If it is destroyed on another thread, they
/// stay in force until their own thread next begins or ends a scope. If that or a wrong order is found, a guard that `asserts`
/// ends the process, unless there is a handler for it.
class scope_guard {
 public:
  /// The level remains.
  [[gnu::noinline]] scope_guard(shared_bytes fields, bool asserts) noexcept
      : thread_(&this_thread_scope), place_(FAPILOG_DETAIL_RETURN_ADDRESS()), asserts_(asserts) {
    begin(static_cast<shared_bytes&&>(fields), current_scope_level());
  }
  [[gnu::noinline]] scope_guard(shared_bytes fields, shared_scope_level level, bool asserts) noexcept
      : thread_(&this_thread_scope), place_(FAPILOG_DETAIL_RETURN_ADDRESS()), asserts_(asserts) {
    begin(static_cast<shared_bytes&&>(fields), static_cast<shared_scope_level&&>(level));
  }
  scope_guard(scope_guard const&) = delete;
  scope_guard& operator=(scope_guard const&) = delete;
  [[gnu::noinline]] ~scope_guard() {
    if (link_ == nullptr) return;
    bool const is_home = thread_ == &this_thread_scope;
    if (!is_home || !thread_->is_innermost(link_)) [[unlikely]]
      note_scope_misuse({is_home ? scope_misuse::kind::wrong_order : scope_misuse::kind::another_thread,
                         reinterpret_cast<std::uintptr_t>(place_),
                         reinterpret_cast<std::uintptr_t>(FAPILOG_DETAIL_RETURN_ADDRESS())},
                        asserts_);
    if (is_home) {
      thread_->unlink(link_);
    } else {
      link_->ended.store_release(true);
    }
    if (!link_->release_reference()) return;
    if (is_home) {
      thread_->reuse(link_);
    } else {
      delete link_;
    }
  }

 private:
  void begin(shared_bytes fields, shared_scope_level level) noexcept {
    release_scopes_at_thread_end();
    thread_->unlink(nullptr);
    link_ = thread_->make(static_cast<shared_bytes&&>(fields), static_cast<shared_scope_level&&>(level));
  }

  thread_scope* thread_;
  void* place_;
  scope_link* link_ = nullptr;  ///< null without memory: then the fields are left out
  bool asserts_;
};

/// Maximum number of bytes of the fields of one scope or logger.
inline constexpr std::size_t max_bound_bytes = std::size_t{64} * 1024;

}  // namespace detail

/// Adds fields to every record that this thread logs until the end of the block. Inner scopes win over outer ones, and the
/// fields of a call win over both. Thread: belongs to the thread that made it. Throws: never.
class [[nodiscard]] scope {
 public:
  template <bool Asserts = detail::asserts_scopes, class... Fields>
    requires(sizeof...(Fields) > 0 && detail::all_fields<Fields...>)
  [[gnu::always_inline]] explicit scope(Fields&&... fields) noexcept
      : guard_((detail::refuse_stored_fields<Fields...>(), detail::refuse_duplicate_keys(fields...),
                detail::freeze(std::initializer_list<field>{detail::field_copy::of(fields)...}.begin(),
                               sizeof...(Fields), detail::current_scope(), detail::max_bound_bytes)),
               Asserts) {}
  template <std::size_t N, bool Asserts = detail::asserts_scopes>
  [[gnu::always_inline]] explicit scope(field const (&&fields)[N]) noexcept
      : guard_(detail::freeze(detail::without_duplicates(fields), N, detail::current_scope(),
                              detail::max_bound_bytes),
               Asserts) {}

 private:
  detail::scope_guard guard_;
};

/// The fields in force on a thread, and the level of a `level_scope`, as a value: capture it, carry it to another thread or into
/// a coroutine, and attach it there. Copies share them. Thread: any.
class context {
 public:
  /// Puts what was captured in force on the current thread, instead of its own, until the attachment is destroyed.
  class [[nodiscard]] attachment {
   public:
    template <bool Asserts = detail::asserts_scopes>
    [[gnu::always_inline]] explicit attachment(context const& carried) noexcept
        : guard_(carried.fields_, carried.level_, Asserts) {}

   private:
    detail::scope_guard guard_;
  };

  context() noexcept = default;
  [[nodiscard]] static context capture() noexcept {
    context result;
    result.fields_ = detail::current_scope();
    result.level_ = detail::current_scope_level();
    return result;
  }
  template <bool Asserts = detail::asserts_scopes>
  [[nodiscard, gnu::always_inline]] attachment attach() const noexcept {
    return attachment{*this};
  }
  /// True if exactly this is in force on the current thread, so that attaching it would have no effect.
  [[nodiscard]] bool is_in_force() const noexcept {
    detail::scope_link const* const top = detail::this_thread_scope.top;
    if (top == nullptr) return fields_.empty() && level_.get() == nullptr;
    return top->fields.data() == fields_.data() && top->level.get() == level_.get();
  }

 private:
  detail::shared_bytes fields_;
  detail::shared_scope_level level_;
};

}  // namespace fapilog::inline v0_1
