// SPDX-License-Identifier: MIT
// Turns a record into an event: formats the message and puts each field into its part of the envelope, each key once.
#pragma once

#include <fapilog/detail/memory/arena.hpp>
#include <fapilog/detail/memory/vector.hpp>
#include <fapilog/queue/channel.hpp>
#include <fapilog/record/cell_decoder.hpp>
#include <fapilog/record/envelope.hpp>
#include <fapilog/record/event.hpp>
#include <fapilog/record/internal_record.hpp>
#include <fapilog/record/json.hpp>
#include <fapilog/record/key_index.hpp>
#include <fapilog/record/literal_table.hpp>
#include <fapilog/record/record.hpp>
#include <fapilog/worker/event_origin.hpp>
#include <fapilog/worker/message_text.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// Thread: the worker's. Throws: std::bad_alloc.
class event_maker {
 public:
  /// `names`: the names of custom levels. `max_message_bytes`: a longer formatted message is cut.
  [[gnu::cold]] event_maker(std::vector<std::pair<level, std::string>> const& names,
                            std::size_t max_message_bytes)
      : message_(max_message_bytes) {
    for (std::size_t i = 0; i < level_count; ++i) {
      std::string_view const name = level_name(static_cast<level>(i));
      level_names_[i] = name.empty() ? "LEVEL_" + std::to_string(i) : std::string{name};
    }
    for (auto const& [value, name] : names)
      level_names_[static_cast<std::size_t>(value) % level_count] = name;
  }

  /// What is wrong with a record. Has none of its content, because no redactor has checked it yet.
  struct defects {
    bool clipped = false;  ///< a part was cut to stay within a limit
    bool failed = false;   ///< a value or the message could not be made
    std::string_view key;  ///< of the first value that failed; empty for the message

    void fail(std::string_view at) noexcept {
      if (!std::exchange(failed, true)) key = at;
    }
  };

  /// Fills `e` from the log record at `record`, which must be in the batch's memory, and the scope that was active.
  defects make(std::byte const* record, detail::shared_bytes const& scope, event& e) {
    auto const head = read<detail::record_format::record_head>(record);
    auto const log = read<detail::record_format::log_head>(record + sizeof head);
    auto const& logger = *static_cast<logger_core const*>(log.logger);
    bool const is_far = (head.flags & detail::record_format::where_is_far) != 0;
    marked_call_site const marked = detail::record_format::marked_site_of(record, head);
    call_site const where = marked.site();
    std::byte const* at =
        record + (is_far ? detail::record_format::far_start_bytes : detail::record_format::near_start_bytes);
    message_literal_ = log.text;
    std::byte const* const end = record + head.size;

    auto const level_number = detail::record_format::level_of(head, marked);
    e.severity = static_cast<level>(level_number);
    std::string_view const known = level_name(e.severity);
    e.level_name = known.empty() ? e.memory->copy(level_names_[level_number % level_count]) : known;
    e.logger = name_in_batch(logger.name, e);
    e.file = where.file();
    e.function = where.function();
    e.line = where.line();

    defects result;
    result.clipped = (head.flags & detail::record_format::is_clipped) != 0;
    std::string_view text = log.text == nullptr ? std::string_view{} : literals_.view(log.text);
    e.message_template = text;
    if ((head.flags & detail::record_format::text_is_cell) != 0) text = next(at, e, result).value.as_string();
    if ((head.flags & detail::record_format::text_failed) != 0) result.fail({});
    at = render(text, (head.flags & detail::record_format::text_is_rendered) != 0, head.args, at, e, result);

    data_keys_.clear();
    context_keys_.clear();
    while (at < end) add(next(at, e, result), true, e);
    add_all(logger.bound, e, result);
    add_all(scope, e, result);
    if (result.clipped) e.data.set("_truncated", value::of_bool(true));
    if ((head.flags & detail::record_format::is_recent) != 0)
      e.diagnostics.set("recent", value::of_bool(true));
    return result;
  }

  /// Fills `e` from an internal record.
  [[gnu::cold]] static void make_internal(internal_record const& record, std::int64_t unix_ns, event& e) {
    e.is_internal = true;
    e.severity = record.severity;
    e.level_name = level_name(record.severity);
    e.unix_ns = unix_ns;
    e.logger = "fapilog";
    e.message = e.copy(record.message);
    for (auto const& [key, content] : record.data) {
      value v;
      if (auto const* const number = std::get_if<std::int64_t>(&content)) v = value::of_number(*number);
      if (auto const* const text = std::get_if<std::string>(&content)) v = value::of_string(e.copy(*text));
      if (auto const* const real = std::get_if<double>(&content)) {
        v.type = kind::f64;
        v.f64 = *real;
      }
      e.data.set(e.copy(key), v);
    }
    e.data.set("_fapilog_internal", value::of_bool(true));
  }

  /// Must be called before the first event of a batch.
  void begin_batch() noexcept { names_.clear(); }

 private:
  /// Copies a logger's name into the batch's memory, once for each batch: a batch may outlive the logger.
  std::string_view name_in_batch(named_level const& named, event& e) {
    for (auto const& [of, text] : names_) {
      if (of == &named) return text;
    }
    return names_.emplace_back(&named, e.memory->copy(named.name)).second;
  }

  /// Decodes the next cell of a record and notes what went wrong with it at the call.
  [[gnu::always_inline]] member next(std::byte const*& at, event& e, defects& result) {
    auto const tag = static_cast<std::uint8_t>(*at);
    member const m = decode_cell(at, *e.memory, {message_literal_, &literals_});
    if ((tag & detail::record_format::failed) != 0 && m.value.type == kind::string) result.fail(m.key);
    if ((tag & detail::record_format::clipped) != 0) result.clipped = true;
    return m;
  }

  /// Sets the message and returns where the fields begin.
  std::byte const* render(std::string_view text, bool is_rendered, std::size_t args, std::byte const* at,
                          event& e, defects& result) {
    if (is_rendered) {
      for (std::size_t i = 0; i < args; ++i) (void)next(at, e, result);
      e.message = text;
      return at;
    }
    if (text.data() == message_literal_) {
      std::byte const* rest = at;
      if (message_.render_literal(text, args, [&] { return next(rest, e, result).value; })) {
        e.message = e.memory->copy(message_.text());
        return rest;
      }
    }
    message_.clear();
    for (std::size_t i = 0; i < args; ++i) message_.add(next(at, e, result).value);
    try {
      e.message = e.memory->copy(message_.render(text));
      result.clipped |= message_.is_cut();
    } catch (std::exception const& error) {
      result.fail({});
      e.message = e.memory->copy(std::string{text}.append(" <error: ").append(error.what()).append(">"));
    }
    return at;
  }

  void add_all(detail::shared_bytes const& fields, event& e, defects& result) {
    if (fields.empty()) return;
    std::byte const* at = fields.data();
    std::byte const* const end = at + fields.size();
    while (at < end) add(next(at, e, result), false, e);
  }

  /// A call's own fields replace earlier ones of the same key; bound and scope fields do not.
  void add(member const& m, bool replaces, event& e) {
    if (m.key.empty()) {
      if (m.value.type == kind::exception && (replaces || e.diagnostics.find("exception") == nullptr)) {
        e.diagnostics.set("exception", m.value);
      }
      if (m.value.type == kind::object && replaces) apply_origin(m.value, e);
      return;
    }
    bool const is_context = detail::is_context_key(m.key);
    member_list& list = is_context ? e.context : e.data;
    value const v = is_context ? as_context_text(m.value, e) : m.value;
    std::size_t const at = is_context ? context_keys_.find(m.key, list.begin(), list.size())
                                      : data_keys_.find(m.key, list.begin(), list.size());
    if (at == key_index::none) {
      list.push_back({m.key, v});
    } else if (replaces) {
      list.edit()[at].value = v;
    }
  }

  /// Ids are strings in the envelope, whatever their type at the call. Null hides a bound id and is not written.
  value as_context_text(value const& v, event& e) {
    if (v.type == kind::string || v.type == kind::null) return v;
    plain_.clear();
    detail::json::put_plain(plain_, v);
    return value::of_string(e.memory->copy(plain_.view()));
  }

  char const* message_literal_ = nullptr;  ///< of the record that is being decoded
  std::array<std::string, level_count> level_names_;
  vector<std::pair<named_level const*, std::string_view>> names_;
  literal_table literals_;
  message_text message_;
  detail::text_buffer plain_;
  key_index data_keys_;
  key_index context_keys_;
};

}  // namespace fapilog::inline v0_1::detail
