// SPDX-License-Identifier: MIT
// Conformance checks for sinks and stages: hostile events, empty and large batches, calls in any order.
#pragma once

#include <fapilog/detail/memory/arena.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/record/envelope.hpp>
#include <fapilog/sinks/sink.hpp>
#include <fapilog/stages/enricher.hpp>
#include <fapilog/stages/filter.hpp>
#include <fapilog/stages/processor.hpp>
#include <fapilog/stages/redactor.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <initializer_list>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::testing {

/// One sentence per violation; empty if the plugin conforms.
using findings = std::vector<std::string>;

}  // namespace fapilog::inline v0_1::testing

namespace fapilog::inline v0_1::detail::conformance {

using testing::findings;

/// Fills an event with every kind of value: hostile strings, deep nesting, long keys.
inline void fill(event& e, std::size_t n) {
  static constexpr std::string_view texts[] = {"",
                                               "plain",
                                               "quote \" backslash \\ slash /",
                                               "control \x01\x1b[31m\n\r\t",
                                               "\xff\xfe\x80 not utf-8",
                                               "\xe2\x80\xa8 \xf0\x9f\x98\x80 \xd9\x85",
                                               "%n{}{{}}",
                                               "' OR 1=1; --"};
  auto const text = [&](std::size_t i) { return value::of_string(texts[i % std::size(texts)]); };
  e.severity = static_cast<level>(n % detail::level_count);
  e.level_name = n % 3 == 0 ? "INFO" : "LEVEL_17";
  e.unix_ns = n % 7 == 0 ? 0 : static_cast<std::int64_t>(n) * 1'000'000'007;
  e.message = texts[n % std::size(texts)];
  e.logger = n % 2 == 0 ? "conformance" : "";
  auto const number = [](kind type, std::uint64_t bits) {
    value v;
    v.type = type;
    v.u64 = bits;
    return v;
  };
  e.data.set("null", {});
  e.data.set("i64", number(kind::i64, std::uint64_t{1} << 63));
  e.data.set("u64", number(kind::u64, (std::numeric_limits<std::uint64_t>::max)()));
  e.data.set("nan", number(kind::f64, 0x7FF8'0000'0000'0000));
  e.data.set("truth", value::of_bool(true));
  e.data.set("text", text(n + 1));
  e.data.set(e.copy(std::string(n % 5 == 0 ? 300 : 3, 'k')), text(n + 2));
  value deep = text(n);
  for (int i = 0; i < 60; ++i) {
    value outer;
    outer.type = i % 2 == 0 ? kind::object : kind::array;
    outer.size = 1;
    if (i % 2 == 0) {
      outer.members = e.memory->take_array<member>(1);
      outer.members[0] = {"inner", deep};
    } else {
      outer.elements = e.memory->take_array<value>(1);
      outer.elements[0] = deep;
    }
    deep = outer;
  }
  e.data.set("deep", deep);
  if (n % 4 == 0) e.context.set("user_id", text(n));
  if (n % 11 == 0) e.data.set("long", value::of_string(e.copy(std::string(100'000, 'x'))));
}

inline batch make_batch(std::size_t count, std::size_t begin) {
  auto storage = std::make_shared<detail::batch_storage>();
  detail::envelope_writer writer;
  std::vector<std::size_t> sizes;
  for (std::size_t i = 0; i < count; ++i) {
    entry& e = storage->entries().emplace_back(storage->memory());
    fill(e.event, begin + i);
    std::size_t const before = storage->text().size();
    writer.put(storage->text(), e.event);
    sizes.push_back(storage->text().size() - before);
    storage->text().push_back('\n');
  }
  char const* line = storage->text().data();
  for (std::size_t i = 0; i < count; ++i) {
    storage->entries()[i].json = {line, sizes[i]};
    line += sizes[i] + 1;
  }
  return batch{std::move(storage)};
}

template <class F>
void guarded(findings& all, std::string_view where, F&& action) {
  try {
    action();
  } catch (std::exception const& error) {
    all.push_back(std::string{where} + " threw: " + error.what());
  } catch (...) {
    all.push_back(std::string{where} + " threw something not derived from std::exception");
  }
}

template <class Action>
void each_event(findings& all, std::string_view where, Action const& action) {
  detail::arena memory;
  for (std::size_t n = 0; n < 200; ++n) {
    event e{memory};
    fill(e, n);
    guarded(all, std::string{where} + " of event " + std::to_string(n), [&] { action(e); });
    detail::text_buffer line;
    detail::envelope_writer{}.put(line, e);
    if (line.view().find('\n') != std::string_view::npos)
      all.push_back(std::string{where} + " of event " + std::to_string(n) +
                    ": the JSON line contains a newline");
  }
}

}  // namespace fapilog::inline v0_1::detail::conformance

namespace fapilog::inline v0_1::testing {

/// Checks a sink that works: starts it, writes batches of 0 to 500 hostile records, flushes it at any time, and stops it once.
/// The sink must deliver or reject every record. Throws: std::bad_alloc.
[[nodiscard]] inline findings check_sink(any_sink target) {
  using namespace detail::conformance;
  findings all;
  if (target.name().empty()) all.emplace_back("name() is empty");
  guarded(all, "start", [&] { target.start(start_context{}); });
  guarded(all, "flush before the first batch", [&] { target.flush(); });
  std::size_t begin = 0;
  for (std::size_t const count : std::initializer_list<std::size_t>{1, 0, 7, 500, 1}) {
    batch const entries = make_batch(count, begin);
    begin += count;
    guarded(all, "write of " + std::to_string(count) + " records", [&] {
      write_result const result = target.write(entries);
      if (result.outcome() == write_outcome::retry)
        all.push_back("write of " + std::to_string(count) + " records returned a retry: " + result.reason());
      for (std::size_t const index : result.rejected_entries()) {
        if (index >= count)
          all.push_back("write rejected entry " + std::to_string(index) + ", which does not exist");
      }
    });
    guarded(all, "health", [&] { (void)target.health(); });
  }
  guarded(all, "flush", [&] { target.flush(); });
  guarded(all, "second flush", [&] { target.flush(); });
  guarded(all, "stop", [&] { target.stop(); });
  return all;
}

[[nodiscard]] inline findings check_filter(any_filter stage) {
  findings all;
  detail::conformance::each_event(all, "keep", [&](event& e) { (void)stage.keep(e); });
  any_filter copy{stage};
  detail::conformance::each_event(all, "keep of a copy", [&](event& e) { (void)copy.keep(e); });
  return all;
}
[[nodiscard]] inline findings check_enricher(any_enricher stage) {
  findings all;
  detail::conformance::each_event(all, "enrich", [&](event& e) { stage.enrich(e); });
  return all;
}
/// Also checks that redacting a second time changes nothing.
[[nodiscard]] inline findings check_redactor(any_redactor stage) {
  findings all;
  detail::conformance::each_event(all, "redact", [&](event& e) {
    stage.redact(e);
    detail::text_buffer once;
    detail::envelope_writer{}.put(once, e);
    stage.redact(e);
    detail::text_buffer twice;
    detail::envelope_writer{}.put(twice, e);
    if (once.view() != twice.view()) all.emplace_back("redact changes an event that it has already redacted");
  });
  return all;
}
[[nodiscard]] inline findings check_processor(any_processor stage) {
  findings all;
  detail::conformance::each_event(all, "process", [&](event& e) {
    detail::text_buffer text;
    detail::envelope_writer{}.put(text, e);
    std::string line{text.view()};
    (void)stage.process(e, line);
  });
  return all;
}

}  // namespace fapilog::inline v0_1::testing
