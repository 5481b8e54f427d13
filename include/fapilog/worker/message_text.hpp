// SPDX-License-Identifier: MIT
// Formats a message from its format string and arguments, as fmt does.
#pragma once

#include <fapilog/detail/float_kind.hpp>
#include <fapilog/detail/memory/vector.hpp>
#include <fapilog/detail/text/bounded_format.hpp>
#include <fapilog/detail/text/decimal.hpp>
#include <fapilog/detail/text/fmt_argument.hpp>
#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/record/event.hpp>
#include <fapilog/record/json.hpp>
#include <fapilog/worker/format_plan.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// Thread: the worker's.
class message_text {
 public:
  /// A message that fmt makes is cut after `max_bytes`. Others are as long as their arguments.
  explicit message_text(std::size_t max_bytes) noexcept : max_bytes_(max_bytes) {}

  /// Removes all arguments; `add` adds those of the next message, in order.
  void clear() noexcept { arguments_.clear(); }
  void add(value const& v) { arguments_.push_back(v); }

  /// Formats the common case of a literal: `{}` for numbers, strings and booleans. `next` returns the arguments one after
  /// the other and is called `arguments` times. False for anything else; then `next` may have been called fewer times.
  template <class Next>
  [[nodiscard]] bool render_literal(std::string_view format, std::size_t arguments, Next&& next) {
    format_plan const& plan = plans_.plan_of(format);
    if (!plan.is_simple() || plan.arguments() > arguments) return false;
    text_.clear();
    char const* piece = plan.pieces();
    std::size_t i = 0;
    for (; i < plan.arguments(); ++i) {
      put_piece(piece, plan.size_of_piece(i));
      if (!put_common_value(next())) return false;
    }
    put_piece(piece, plan.size_of_piece(i));
    for (; i < arguments; ++i) (void)next();
    return true;
  }
  /// What `render_literal` formatted.
  [[nodiscard]] std::string_view text() const noexcept { return text_.view(); }

  /// Returns the formatted message, valid until the next call. Throws: fmt::format_error, and
  /// std::bad_alloc.
  [[nodiscard]] std::string_view render(std::string_view format) {
    is_cut_ = false;
    text_.clear();
    if (render_simple(format)) return text_.view();
    text_.clear();
    return put_by_fmt(format);
  }
  /// True if `render` has cut the message.
  [[nodiscard]] bool is_cut() const noexcept { return is_cut_; }

 private:
  /// Formats the common case: `{}` for numbers, strings and booleans. Returns false for anything else.
  bool render_simple(std::string_view format) {
    std::size_t next = 0;
    char const* at = format.data();
    char const* const end = at + format.size();
    char* to = text_.room(format.size());
    while (at != end) {
      char const c = *at++;
      if (c != '{' && c != '}') [[likely]] {
        *to++ = c;
        continue;
      }
      if (c == '}' || at == end || *at != '}' || next == arguments_.size()) return false;
      ++at;
      text_.end_at(to);
      if (!put_common_value(arguments_[next++])) return false;
      to = text_.room(static_cast<std::size_t>(end - at));
    }
    text_.end_at(to);
    return true;
  }

  /// Writes a piece of a plan and moves behind it.
  [[gnu::always_inline]] void put_piece(char const*& piece, std::size_t size) {
    char* const to = text_.room(size + format_plan::readable);
    std::memcpy(to, piece, format_plan::readable);
    if (size > format_plan::readable) std::memcpy(to, piece, size);
    text_.end_at(to + size);
    piece += size;
  }

  /// True for the kinds that `render_simple` writes.
  struct common_visitor {
    message_text& self;

    [[gnu::always_inline]] bool operator()(std::string_view text) const {
      self.text_.append(text);
      return true;
    }
    [[gnu::always_inline]] bool operator()(std::int64_t number) const {
      detail::json::put_integer(self.text_, number);
      return true;
    }
    [[gnu::always_inline]] bool operator()(std::uint64_t number) const {
      detail::json::put_integer(self.text_, number);
      return true;
    }
    [[gnu::always_inline]] bool operator()(bool truth) const {
      self.text_.append(truth ? "true" : "false");
      return true;
    }
    [[gnu::always_inline]] bool operator()(double number) const {
      self.put_float(number);
      return true;
    }
    [[gnu::always_inline]] bool operator()(float number) const {
      self.put_float(number);
      return true;
    }
    template <class Other>
    [[gnu::always_inline]] bool operator()(Other const&) const noexcept {
      return false;
    }
  };
  bool put_common_value(value const& v) { return v.visit(common_visitor{*this}); }

  /// Writes a number as fmt does for `{}`: 1 and not 1.0.
  template <class Float>
  void put_float(Float number) {
    if (!is_finite(number)) {
      if (detail::is_negative_float(number)) text_.push_back('-');
      return text_.append(kind_of_float(number) == float_kind::nan ? "nan" : "inf");
    }
    char* const to = text_.room(48);
    if constexpr (std::is_same_v<Float, double>) {
      if (char* const end = detail::put_common_decimal(to, number)) {
        return text_.end_at(end[-1] == '0' && end[-2] == '.' ? end - 2 : end);
      }
    }
    text_.end_at(fmt::format_to_n(to, 48, "{}", number).out);
  }

  std::string_view put_by_fmt(std::string_view format) {
    fmt_arguments_.clear();
    plain_.clear();
    // Filled before views into it are taken: growing would move it.
    std::vector<std::size_t> ends;
    for (value const& v : arguments_) {
      if (!is_known_to_fmt(v)) detail::json::put_plain(plain_, v);
      ends.push_back(plain_.size());
    }
    for (std::size_t i = 0, begin = 0; i < arguments_.size(); begin = ends[i++]) {
      add_argument(arguments_[i], plain_.from(begin).substr(0, ends[i] - begin));
    }
    is_cut_ =
        format_bounded(formatted_, max_bytes_, fmt::string_view{format.data(), format.size()},
                       fmt::format_args{fmt_arguments_.data(), static_cast<int>(fmt_arguments_.size())});
    return formatted_;
  }

  /// Calls `use` with the C++ value if fmt has a formatter for it; false if not.
  template <class Use>
  struct fmt_visitor {
    Use use;

    bool operator()(char32_t code_point) const {
      if (code_point >= 0x80) return false;
      use(static_cast<char>(code_point));
      return true;
    }
    bool operator()(std::string_view text) const {
      use(fmt::string_view{text.data(), text.size()});
      return true;
    }
    bool operator()(value::pointer pointer) const {
      use(reinterpret_cast<void const*>(number_cast<std::uintptr_t>(pointer.address)));
      return true;
    }
    template <class Other>
    bool operator()(Other const& other) const {
      if constexpr (std::is_arithmetic_v<Other>) use(other);
      return std::is_arithmetic_v<Other>;
    }
  };

  [[nodiscard]] static bool is_known_to_fmt(value const& v) {
    auto const ignore = [](auto const&) {};
    return v.visit(fmt_visitor<decltype(ignore)>{ignore});
  }
  void add_argument(value const& v, std::string_view plain) {
    auto const add = [this](auto const& known) { fmt_arguments_.push_back(fmt_argument(known)); };
    if (!v.visit(fmt_visitor<decltype(add)>{add})) add(fmt::string_view{plain.data(), plain.size()});
  }

  format_plans plans_;
  vector<value> arguments_;
  detail::text_buffer text_;
  detail::text_buffer plain_;  ///< strings for the arguments whose types fmt cannot format
  vector<fmt::basic_format_arg<fmt::format_context>> fmt_arguments_;
  std::string formatted_;
  std::size_t max_bytes_;
  bool is_cut_ = false;
};

}  // namespace fapilog::inline v0_1::detail
