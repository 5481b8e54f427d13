// SPDX-License-Identifier: MIT
// Batches of JSON lines or of events, for tests of sinks without a pipeline.
#pragma once

#include <fapilog/record/batch.hpp>
#include <fapilog/record/event.hpp>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace support {

/// In nanoseconds, as events count time.
inline constexpr std::int64_t one_second = 1'000'000'000;

/// A batch whose entries have these lines as their JSON.
inline fapilog::batch lines_batch(std::vector<std::string> const& lines) {
  auto storage = std::make_shared<fapilog::detail::batch_storage>();
  for (std::string const& line : lines) {
    storage->entries().emplace_back(storage->memory());
    storage->text().append(line);
    storage->text().push_back('\n');
  }
  // The text may have moved while it grew: the views are set at the end.
  std::size_t at = 0;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    storage->entries()[i].json = storage->text().view().substr(at, lines[i].size());
    at += lines[i].size() + 1;
  }
  return fapilog::batch{std::move(storage)};
}

/// `{"n":0}` to `{"n":count - 1}` with a filler, so that every line has `size` characters with its end.
inline std::vector<std::string> numbered_lines(std::size_t count, std::size_t size,
                                               std::string const& name = "n") {
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < count; ++i) {
    std::string line = "{\"" + name + "\":" + std::to_string(i) + ",\"fill\":\"";
    line.append(size - line.size() - 3, 'x');
    lines.push_back(line + "\"}");
  }
  return lines;
}

/// Makes events one by one: `events e; e.add("text").data.push_back(...); sink.write(e.batch());`
class events {
 public:
  fapilog::event& add(std::string_view message, fapilog::level severity = fapilog::level::info) {
    fapilog::entry& added = storage_->entries().emplace_back(storage_->memory());
    added.event.severity = severity;
    added.event.level_name = fapilog::level_name(severity);
    added.event.unix_ns = 1'769'509'800'123'456'789;  // 2026-01-27T10:30:00.123456789Z
    added.event.message = message;
    added.event.logger = "billing";
    return added.event;
  }
  [[nodiscard]] fapilog::batch batch() const { return fapilog::batch{storage_}; }

  /// An object, exception or array in the memory of the batch.
  [[nodiscard]] fapilog::value object(std::initializer_list<fapilog::member> members,
                                      fapilog::kind type = fapilog::kind::object) {
    fapilog::value v;
    v.type = type;
    v.size = static_cast<std::uint32_t>(members.size());
    v.members = storage_->memory().take_array<fapilog::member>(members.size());
    std::size_t i = 0;
    for (fapilog::member const& m : members) v.members[i++] = m;
    return v;
  }
  [[nodiscard]] fapilog::value array(std::initializer_list<fapilog::value> elements) {
    fapilog::value v;
    v.type = fapilog::kind::array;
    v.size = static_cast<std::uint32_t>(elements.size());
    v.elements = storage_->memory().take_array<fapilog::value>(elements.size());
    std::size_t i = 0;
    for (fapilog::value const& e : elements) v.elements[i++] = e;
    return v;
  }

 private:
  std::shared_ptr<fapilog::detail::batch_storage> storage_ =
      std::make_shared<fapilog::detail::batch_storage>();
};

}  // namespace support
