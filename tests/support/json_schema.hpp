// SPDX-License-Identifier: MIT
// A small validator for JSON Schema: the keywords that our schema uses; any other one is an error of the schema.
#pragma once

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <regex>
#include <stdexcept>
#include <string>

namespace support {

namespace json_schema_detail {

using nlohmann::json;

inline bool is_of_type(json const& value, std::string const& type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  if (type == "null") return value.is_null();
  if (type == "number") return value.is_number();
  if (type == "integer") return value.is_number_integer();
  throw std::runtime_error{"the schema has a type that there is not: " + type};
}

/// What is wrong with the value, with its path; empty where nothing is.
inline std::string fault(json const& value, json const& schema, std::string const& path);

inline std::string fault_of_members(json const& value, json const& schema, std::string const& path) {
  json const properties = schema.value("properties", json::object());
  for (auto const& [name, one] : value.items()) {
    std::string const below = path + '/' + name;
    std::string wrong;
    if (properties.contains(name)) wrong = fault(one, properties.at(name), below);
    else if (schema.contains("additionalProperties"))
      wrong = fault(one, schema.at("additionalProperties"), below);
    if (!wrong.empty()) return wrong;
  }
  return {};
}

/// Of one keyword.
inline std::string fault_of(json const& value, json const& schema, std::string const& keyword,
                            json const& wanted, std::string const& path) {
  auto const fails = [&] {
    return path + ": " + keyword + ' ' + wanted.dump() + ", but it is " + value.dump();
  };
  if (keyword == "type") {
    auto const fits = [&](json const& type) { return is_of_type(value, type.get<std::string>()); };
    bool const right = wanted.is_array() ? std::ranges::any_of(wanted, fits) : fits(wanted);
    return right ? "" : fails();
  }
  if (keyword == "enum") return std::ranges::find(wanted, value) != wanted.end() ? "" : fails();
  if (keyword == "minimum")
    return !value.is_number() || value.get<double>() >= wanted.get<double>() ? "" : fails();
  if (keyword == "exclusiveMinimum")
    return !value.is_number() || value.get<double>() > wanted.get<double>() ? "" : fails();
  if (keyword == "maximum")
    return !value.is_number() || value.get<double>() <= wanted.get<double>() ? "" : fails();
  if (keyword == "pattern") {
    std::regex const pattern{wanted.get<std::string>()};  // an anchored pattern: it finds what it matches
    return !value.is_string() || std::regex_search(value.get<std::string>(), pattern) ? "" : fails();
  }
  if (keyword == "anyOf") {
    return std::ranges::any_of(wanted, [&](json const& one) { return fault(value, one, path).empty(); })
               ? ""
               : fails();
  }
  if (keyword == "required") {
    for (json const& name : wanted) {
      if (value.is_object() && !value.contains(name.get<std::string>())) return fails();
    }
    return {};
  }
  if (keyword == "items") {
    for (std::size_t i = 0; value.is_array() && i < value.size(); ++i) {
      if (auto wrong = fault(value[i], wanted, path + '/' + std::to_string(i)); !wrong.empty()) return wrong;
    }
    return {};
  }
  if (keyword == "properties") return value.is_object() ? fault_of_members(value, schema, path) : "";
  if (keyword == "additionalProperties") {
    return value.is_object() && !schema.contains("properties") ? fault_of_members(value, schema, path) : "";
  }
  for (auto const* const note : {"$schema", "title", "description", "default", "writeOnly"}) {
    if (keyword == note) return {};
  }
  throw std::runtime_error{"the schema has an unknown keyword: " + keyword};
}

inline std::string fault(json const& value, json const& schema, std::string const& path) {
  if (schema.is_boolean()) return schema.get<bool>() ? "" : path + ": must not be there";
  if (!schema.is_object()) throw std::runtime_error{"a schema is an object or a boolean: " + schema.dump()};
  for (auto const& [keyword, wanted] : schema.items()) {
    if (auto wrong = fault_of(value, schema, keyword, wanted, path); !wrong.empty()) return wrong;
  }
  return {};
}

}  // namespace json_schema_detail

/// What a document violates, or nothing. Throws: std::runtime_error for a schema with other keywords than ours.
[[nodiscard]] inline std::string schema_fault(nlohmann::json const& document, nlohmann::json const& schema) {
  return json_schema_detail::fault(document, schema, "");
}

}  // namespace support
