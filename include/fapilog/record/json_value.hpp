// SPDX-License-Identifier: MIT
// Makes values of nlohmann::json loggable: include it and link fapilog::json.
#pragma once

#include <fapilog/record/value_writer.hpp>

#include <nlohmann/json.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace fapilog::inline v0_1 {

namespace detail {
/// The two document types of nlohmann::json.
template <class T>
concept json_document = std::same_as<T, nlohmann::json> || std::same_as<T, nlohmann::ordered_json>;
}  // namespace detail

/// Writes a document as objects, arrays, numbers, strings, booleans and null, so that stages can check and change all
/// parts of it. Binary values become bytes, a discarded value becomes null, an empty key "_". The usual limits of depth
/// and size apply.
/// Thread: the calling one. Throws: std::bad_alloc.
template <detail::json_document Json>
void to_log(value_writer& writer, Json const& document) {
  switch (document.type()) {
    case nlohmann::json::value_t::boolean: return writer.value(document.template get<bool>());
    case nlohmann::json::value_t::number_integer: return writer.value(document.template get<std::int64_t>());
    case nlohmann::json::value_t::number_unsigned:
      return writer.value(document.template get<std::uint64_t>());
    case nlohmann::json::value_t::number_float: return writer.value(document.template get<double>());
    case nlohmann::json::value_t::string:
      return writer.value(document.template get_ref<std::string const&>());
    case nlohmann::json::value_t::binary: {
      auto const& bytes = document.get_binary();
      return writer.value(std::as_bytes(std::span{bytes.data(), bytes.size()}));
    }
    case nlohmann::json::value_t::object:
      return writer.object([&](object_writer& object) {
        for (auto const& item : document.items()) object.kv(dynamic_key{item.key()}, item.value());
      });
    case nlohmann::json::value_t::array:
      return writer.array([&](array_writer& array) {
        for (auto const& element : document) array.value(element);
      });
    case nlohmann::json::value_t::null:
    case nlohmann::json::value_t::discarded: break;
  }
  writer.value(nullptr);
}

}  // namespace fapilog::inline v0_1
