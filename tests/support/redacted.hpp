// SPDX-License-Identifier: MIT
// A redactor on its own: JSON in as the members of an event, JSON out as a sink would see it.
#pragma once

#include <fapilog/record/batch.hpp>
#include <fapilog/record/envelope.hpp>
#include <fapilog/record/event.hpp>
#include <fapilog/stages/redactor.hpp>

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace support {

/// Converts JSON to a value that is allocated in this memory.
inline fapilog::value value_of(nlohmann::json const& json, fapilog::detail::arena& memory) {
  using fapilog::value;
  value v;
  switch (json.type()) {
    case nlohmann::json::value_t::boolean: return value::of_bool(json.get<bool>());
    case nlohmann::json::value_t::number_integer: return value::of_number(json.get<std::int64_t>());
    case nlohmann::json::value_t::number_unsigned:
      v.type = fapilog::kind::u64;
      v.u64 = json.get<std::uint64_t>();
      return v;
    case nlohmann::json::value_t::number_float:
      v.type = fapilog::kind::f64;
      v.f64 = json.get<double>();
      return v;
    case nlohmann::json::value_t::string:
      return value::of_string(memory.copy(json.get_ref<std::string const&>()));
    case nlohmann::json::value_t::array:
      v.type = fapilog::kind::array;
      v.size = static_cast<std::uint32_t>(json.size());
      v.elements = memory.take_array<value>(json.size());
      for (std::size_t i = 0; i < json.size(); ++i) v.elements[i] = value_of(json[i], memory);
      return v;
    case nlohmann::json::value_t::object: {
      v.type = fapilog::kind::object;
      v.size = static_cast<std::uint32_t>(json.size());
      v.members = memory.take_array<fapilog::member>(json.size());
      std::size_t i = 0;
      for (auto const& item : json.items()) {
        v.members[i++] = {memory.copy(item.key()), value_of(item.value(), memory)};
      }
      return v;
    }
    default: return v;
  }
}

/// `redacted r{redactor}; r.data({{"password", "x"}}) == {{"password", "***"}}`. All calls use one redactor, and
/// memory is reused between calls, as in a runtime.
class redacted {
 public:
  explicit redacted(fapilog::any_redactor redactor) : redactor_(std::move(redactor)) {}

  /// Redacts an event with these members and returns its `log` object.
  nlohmann::json log(std::string const& message, nlohmann::json const& data,
                     nlohmann::json const& context = nlohmann::json::object(),
                     nlohmann::json const& diagnostics = nlohmann::json::object(),
                     std::string const& logger = "test") {
    storage_.clear();
    fapilog::event& e = storage_.entries().emplace_back(storage_.memory()).event;
    e.level_name = "INFO";
    e.message = e.copy(message);
    e.logger = e.copy(logger);
    put(data, e.data);
    put(context, e.context);
    put(diagnostics, e.diagnostics);
    redactor_.redact(e);
    fapilog::detail::text_buffer text;
    envelope_.put(text, e);
    return nlohmann::json::parse(text.view()).at("log");
  }
  nlohmann::json data(nlohmann::json const& data) { return log("", data).at("data"); }
  std::string message(std::string const& text) { return log(text, nlohmann::json::object()).at("message"); }
  /// Redacts one string as a value.
  std::string text(std::string const& value) { return data({{"v", value}}).at("v"); }
  /// Redacts a member with this name.
  nlohmann::json named(std::string const& key, nlohmann::json const& value = "secret") {
    return data({{key, value}}).at(key);
  }

  [[nodiscard]] fapilog::any_redactor const& redactor() const noexcept { return redactor_; }
  /// The value of the metric with this name and rule.
  [[nodiscard]] double count(std::string_view metric, std::string_view rule) const {
    fapilog::metric_list all;
    redactor_.base().collect(all);
    double sum = 0;
    for (fapilog::metric const& m : all) {
      bool found = rule.empty();
      for (auto const& label : m.labels) found = found || (label.first == "rule" && label.second == rule);
      if (m.name == metric && found) sum += m.value;
    }
    return sum;
  }

 private:
  void put(nlohmann::json const& from, fapilog::member_list& to) {
    for (auto const& item : from.items()) {
      to.push_back({storage_.memory().copy(item.key()), value_of(item.value(), storage_.memory())});
    }
  }

  fapilog::any_redactor redactor_;
  fapilog::detail::batch_storage storage_;
  fapilog::detail::envelope_writer envelope_;
};

}  // namespace support
