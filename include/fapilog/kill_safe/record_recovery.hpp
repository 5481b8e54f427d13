// SPDX-License-Identifier: MIT
// Turns a kept record of a process that has ended, whose bytes are not trusted, into an ordinary log record.
#pragma once

#include <fapilog/detail/memory/shared_bytes.hpp>
#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/kill_safe/literal_reader.hpp>
#include <fapilog/kill_safe/recovered_cells.hpp>
#include <fapilog/record/kept_record.hpp>
#include <fapilog/record/level.hpp>
#include <fapilog/record/record.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// Checks every byte of a record before it is used. Thread: one. Throws: std::bad_alloc.
class record_recovery {
 public:
  explicit record_recovery(literal_reader const& literals) : literals_(literals) {}
  record_recovery(record_recovery const&) = delete;
  record_recovery& operator=(record_recovery const&) = delete;

  struct record {
    /// A log record without any literal but those of its call site, which live as long as the recovery. It has no logger.
    std::vector<std::byte> bytes;
    shared_bytes bound;       ///< cells with inline keys
    shared_bytes scope;       ///< cells with inline keys
    std::string_view logger;  ///< valid while the recovery lives
    std::uint64_t thread_id = 0;
    bool is_identified = false;             ///< false: no sink can have got the record
    record_format::kept_identity identity;  ///< valid if the record is identified
    std::uint64_t ticks = 0;                ///< when it was logged; valid if the record is not identified
  };

  /// Reads one kept record. Returns nothing, and sets `why`, if it is damaged.
  [[nodiscard]] std::optional<record> read(std::span<std::byte const> kept, std::string& why) {
    char const* problem = "";
    auto result = read_record(kept, problem);
    if (!result) why = problem;
    return result;
  }

  /// Literals that are not in the snapshots. Their records have a description in their place.
  [[nodiscard]] std::uint64_t unknown_messages() const noexcept { return unknown_messages_; }
  [[nodiscard]] std::uint64_t unknown_keys() const noexcept { return unknown_keys_; }
  [[nodiscard]] std::uint64_t unknown_call_sites() const noexcept { return unknown_call_sites_; }

 private:
  using bytes = std::span<std::byte const>;
  using record_head = record_format::record_head;

  /// What a call site points to, if it is one pointer.
  struct alignas(8) site_object {
    char const* file = "";
    char const* function = "";
    std::uint32_t line = 0;
    std::uint32_t column = 0;
  };
  /// The words of a call site that is none.
  struct site_words {
    char const* file;
    char const* function;
    std::uint64_t line;
  };
  static constexpr bool site_is_pointer = sizeof(call_site) == sizeof(void*);
  static_assert(site_is_pointer || sizeof(call_site) == sizeof(site_words));

  [[nodiscard]] std::optional<record> read_record(bytes kept, char const*& problem) {
    auto const refuse = [&](char const* text) {
      problem = text;
      return std::nullopt;
    };
    using record_format::kept_start_bytes;
    if (kept.size() < kept_start_bytes) return refuse("it is shorter than its head");
    auto const outer = detail::read<record_head>(kept.data());
    if (outer.type != record_format::record_type::kept) return refuse("it is not a kept record");
    if (outer.size > kept.size() || outer.size < kept_start_bytes) return refuse("its size is wrong");
    kept = kept.first(outer.size);
    auto const head = detail::read<record_format::kept_head>(kept.data() + sizeof outer);
    std::size_t const name_size = record_format::name_size_of(outer);
    std::uint64_t const prefix = record_format::kept_prefix_size(kept.data());
    if (prefix > kept.size()) return refuse("the sizes of its parts are wrong");
    bytes const log = log_record_in(kept.subspan(static_cast<std::size_t>(prefix)));
    if (log.empty()) return refuse("it does not contain a log record");

    record result;
    bytes const parts = kept.subspan(kept_start_bytes);
    result.logger = *names_.emplace(reinterpret_cast<char const*>(parts.data()), name_size).first;
    if (!copy_fields(parts.subspan(name_size, head.bound_size), result.bound, problem)) return std::nullopt;
    if (!copy_fields(parts.subspan(name_size + head.bound_size, head.scope_size), result.scope, problem))
      return std::nullopt;
    result.thread_id = head.thread_id;
    result.is_identified = record_format::read_identity(kept.data(), log.data(), result.identity);
    if (!copy_log_record(log, result, problem)) return std::nullopt;
    return result;
  }

  /// The log record, which may be inside a context record; empty if there is none of the right size.
  [[nodiscard]] static bytes log_record_in(bytes inner) noexcept {
    constexpr std::size_t context_bytes = sizeof(record_head) + sizeof(record_format::context_head);
    if (inner.size() < context_bytes) return {};
    auto head = detail::read<record_head>(inner.data());
    if (head.size != inner.size()) return {};
    if (head.type == record_format::record_type::context) {
      inner = inner.subspan(context_bytes);
      if (inner.size() < sizeof head) return {};
      head = detail::read<record_head>(inner.data());
    }
    bool const is_log = head.type == record_format::record_type::log && head.size == inner.size();
    bool const is_far = (head.flags & record_format::where_is_far) != 0;
    if (!is_log || inner.size() < (is_far ? record_format::far_start_bytes : record_format::near_start_bytes))
      return {};
    return inner;
  }

  [[nodiscard]] bool copy_fields(bytes cells, shared_bytes& to, char const*& problem) {
    recovered_cells fields{literals_, 0};
    bool const is_right = fields.copy(cells, recovered_cells::keyed::by_address);
    problem = fields.problem();
    unknown_keys_ += fields.unknown_keys();
    to = shared_bytes::copy_of(fields.copied().data(), fields.copied().size());
    return is_right;
  }

  [[nodiscard]] bool copy_log_record(bytes from, record& result, char const*& problem) {
    auto head = detail::read<record_head>(from.data());
    auto const log = detail::read<record_format::log_head>(from.data() + sizeof head);
    marked_call_site const marked = record_format::marked_site_of(from.data(), head);
    std::uint8_t const level_number = record_format::level_of(head, marked);
    constexpr unsigned all_flags = record_format::text_is_cell | record_format::text_is_rendered |
                                   record_format::is_clipped | record_format::text_failed |
                                   record_format::where_is_far | record_format::is_recent;
    if (level_number >= level_count || (head.flags & ~all_flags) != 0) {
      problem = "its level or its flags are wrong";
      return false;
    }
    bool const is_far = (head.flags & record_format::where_is_far) != 0;
    from = from.subspan(is_far ? record_format::far_start_bytes : record_format::near_start_bytes);

    auto const message_address = reinterpret_cast<std::uintptr_t>(log.text);
    recovered_cells message{literals_, 0};
    bool const is_cell = (head.flags & record_format::text_is_cell) != 0;
    bool is_right = !is_cell || message.copy_arguments(from, 1);
    recovered_cells arguments{literals_, 0};
    is_right = is_right && arguments.copy_arguments(from, head.args);
    recovered_cells fields{literals_, message_address};
    is_right = is_right && fields.copy(from, recovered_cells::keyed::by_distance);
    unknown_keys_ += fields.unknown_keys() + arguments.unknown_keys() + message.unknown_keys();
    for (recovered_cells const* part : {&message, &arguments, &fields}) {
      if (*part->problem() != '\0') problem = part->problem();
    }
    if (!is_right) return false;

    std::string text;
    std::uint8_t text_flags = 0;
    if (is_cell) {
      cell_view const cell{message.copied().data()};
      if (cell.type() != kind::string) {
        problem = "its message is not a string";
        return false;
      }
      text.assign(reinterpret_cast<char const*>(cell.payload), cell.size);
      text_flags = static_cast<std::uint8_t>(cell.tag & (record_format::clipped | record_format::failed));
    } else {
      text = message_at(message_address, head.flags, head.args);
    }
    if ((head.flags & record_format::text_is_rendered) == 0 &&
        !is_modest(text, arguments.largest_integer())) {
      text.append(" <error: a width or precision is too large>");
      head.flags |= record_format::text_is_rendered | record_format::text_failed;
    }
    recovered_cells whole{literals_, 0};
    whole.put_string(text, text_flags);

    head.flags |= record_format::text_is_cell | record_format::where_is_far;
    head.level = level_number;
    std::size_t const size = record_format::far_start_bytes + whole.copied().size() +
                             arguments.copied().size() + fields.copied().size();
    if (size > max_bytes) {
      problem = "it is too large";
      return false;
    }
    head.size = static_cast<std::uint32_t>(size);
    result.ticks = log.ticks & ~record_format::is_identified;
    result.bytes.resize(size);
    record_format::log_head const own{result.ticks, nullptr, nullptr};
    std::byte* to = put(put(put(result.bytes.data(), head), own), call_site_of(marked.site()));
    for (recovered_cells const* part : {&whole, &arguments, &fields}) {
      if (part->copied().empty()) continue;
      std::memcpy(to, part->copied().data(), part->copied().size());
      to += part->copied().size();
    }
    return true;
  }

  /// The message literal, or words that take its place and show the arguments.
  [[nodiscard]] std::string message_at(std::uint64_t address, std::uint8_t flags, std::size_t arguments) {
    constexpr std::size_t max_size = std::size_t{64} * 1024;
    auto const known = literals_.text_at(address);
    if (known && known->size() <= max_size) return std::string{*known};
    ++unknown_messages_;
    std::string text = "(message not kept: " + address_text(address) + ")";
    if ((flags & record_format::text_is_rendered) != 0) return text;
    for (; arguments != 0; --arguments) text += " {}";
    return text;
  }

  /// False if the message may become huge, because its replacement fields ask for that many characters.
  [[nodiscard]] static bool is_modest(std::string_view format, std::uint64_t largest_argument) noexcept {
    constexpr int max_digits = 4;
    constexpr std::uint64_t max_width = 9'999;
    int depth = 0;
    int digits = 0;
    for (std::size_t i = 0; i < format.size(); ++i) {
      char const c = format[i];
      if (depth == 0 && (c == '{' || c == '}') && i + 1 < format.size() && format[i + 1] == c) {
        ++i;  // a brace that is not a replacement field
        continue;
      }
      digits = is_ascii_digit(c) ? digits + 1 : 0;
      if (c == '{') ++depth;
      if (c == '}' && depth > 0) --depth;
      if (depth > 0 && digits > max_digits) return false;
      if (depth > 1 && largest_argument > max_width) return false;
    }
    return true;
  }

  /// The same call site, with strings that live as long as the recovery.
  [[nodiscard]] call_site call_site_of(call_site gone) {
    std::array<std::uint64_t, 3> key{};
    static_assert(sizeof gone <= sizeof key);
    std::memcpy(key.data(), &gone, sizeof gone);
    auto const [found, is_new] = call_sites_.try_emplace(key);
    if (is_new && !fill(found->second, gone)) found->second = {};
    if (found->second.line == 0) ++unknown_call_sites_;
    call_site site;
    if constexpr (site_is_pointer) {
      site_object const* const object = &found->second;
      std::memcpy(static_cast<void*>(&site), &object, sizeof object);
    } else {
      site_words const words{found->second.file, found->second.function, found->second.line};
      std::memcpy(static_cast<void*>(&site), &words, sizeof site);
    }
    return site;
  }
  [[nodiscard]] bool fill(site_object& object, call_site gone) const {
    std::optional<std::uint64_t> file;
    std::optional<std::uint64_t> function;
    if constexpr (site_is_pointer) {
      std::uintptr_t address = 0;
      std::memcpy(&address, &gone, sizeof address);
      file = literals_.pointer_at(address);
      function = literals_.pointer_at(address + offsetof(site_object, function));
      if (!literals_.read(address + offsetof(site_object, line), &object.line, sizeof object.line))
        return false;
    } else {
      file = reinterpret_cast<std::uintptr_t>(gone.file());
      function = reinterpret_cast<std::uintptr_t>(gone.function());
      object.line = gone.line();
    }
    if (!file || !function) return false;
    auto const file_text = literals_.text_at(*file);
    auto const function_text = literals_.text_at(*function);
    if (!file_text || !function_text) return false;
    object.file = file_text->data();
    object.function = function_text->data();
    return true;
  }

  static constexpr std::size_t max_bytes = std::size_t{1} << 31U;

  literal_reader const& literals_;
  std::set<std::string> names_;
  std::map<std::array<std::uint64_t, 3>, site_object> call_sites_;
  std::uint64_t unknown_messages_ = 0;
  std::uint64_t unknown_keys_ = 0;
  std::uint64_t unknown_call_sites_ = 0;
};

}  // namespace fapilog::inline v0_1::detail
