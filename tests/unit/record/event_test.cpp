// SPDX-License-Identifier: MIT
// Tests record/event.hpp: lists of members, their prepared JSON, and visits of values of every kind.
#include "support/catch.hpp"

#include <fapilog/detail/memory/arena.hpp>
#include <fapilog/record/event.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

using fapilog::kind;
using fapilog::member;
using fapilog::member_list;
using fapilog::value;

namespace {

/// The name of what a value holds, which shows the overload that a visit chooses.
struct names_of_kinds {
  std::string operator()(std::nullptr_t) const { return "null"; }
  std::string operator()(bool truth) const { return truth ? "true" : "false"; }
  std::string operator()(std::int64_t number) const { return "i64 " + std::to_string(number); }
  std::string operator()(std::uint64_t number) const { return "u64 " + std::to_string(number); }
  std::string operator()(double number) const { return number == 1.5 ? "f64 1.5" : "f64"; }
  std::string operator()(float number) const { return number == 2.5F ? "f32 2.5" : "f32"; }
  std::string operator()(char32_t code_point) const { return "char " + std::to_string(code_point); }
  std::string operator()(std::string_view text) const { return "string " + std::string{text}; }
  std::string operator()(fapilog::value::timestamp time) const {
    return "timestamp " + std::to_string(time.unix_ns) + ' ' + std::to_string(time.digits);
  }
  std::string operator()(fapilog::value::duration duration) const {
    return "duration " + std::to_string(duration.ns) + ' ' +
           std::to_string(static_cast<unsigned>(duration.unit));
  }
  std::string operator()(fapilog::uuid const& id) const { return "uuid " + std::to_string(id.bytes[15]); }
  std::string operator()(fapilog::value::bytes raw) const { return "bytes " + std::string{raw.bytes}; }
  std::string operator()(fapilog::value::pointer pointer) const {
    return "pointer " + std::to_string(pointer.address);
  }
  std::string operator()(fapilog::value::object object) const {
    std::string all = "object";
    for (member const& m : object) all.append(" ").append(m.key);
    return all;
  }
  std::string operator()(fapilog::value::exception exception) const {
    return "exception " + std::to_string(exception.size);
  }
  std::string operator()(fapilog::value::array array) const {
    std::string all = "array";
    for (value const& element : array) all.append(" ").append(element.visit(*this));
    return all;
  }
};

std::string name_of(kind type, std::uint32_t size, std::uint64_t bits) {
  value v;
  v.type = type;
  v.size = size;
  v.u64 = bits;
  return v.visit(names_of_kinds{});
}

}  // namespace

TEST_CASE("a visit passes what a value of each kind holds") {
  CHECK(value{}.visit(names_of_kinds{}) == "null");
  CHECK(value::of_bool(true).visit(names_of_kinds{}) == "true");
  CHECK(value::of_number(-7).visit(names_of_kinds{}) == "i64 -7");
  CHECK(name_of(kind::u64, 0, 7) == "u64 7");
  CHECK(value::of_string("text").visit(names_of_kinds{}) == "string text");
  CHECK(name_of(kind::timestamp, 3, 1) == "timestamp 1 3");
  CHECK(name_of(kind::duration, 2, 5) == "duration 5 2");
  CHECK(name_of(kind::pointer, 0, 64) == "pointer 64");
  CHECK(name_of(kind::deferred, 0, 64) == "null");

  value number;
  number.type = kind::f64;
  number.f64 = 1.5;
  CHECK(number.visit(names_of_kinds{}) == "f64 1.5");
  number.type = kind::f32;
  number.f32 = 2.5F;
  CHECK(number.visit(names_of_kinds{}) == "f32 2.5");
  number.type = kind::character;
  number.code_point = 0xE9;
  CHECK(number.visit(names_of_kinds{}) == "char 233");

  value text = value::of_string(std::string_view{"0123456789abcde\x05", 16});
  text.type = kind::uuid;
  CHECK(text.visit(names_of_kinds{}) == "uuid 5");
  text = value::of_string("raw");
  text.type = kind::bytes;
  CHECK(text.visit(names_of_kinds{}) == "bytes raw");

  std::array<member, 2> members{member{"a", {}}, member{"b", {}}};
  value container;
  container.type = kind::object;
  container.size = 2;
  container.members = members.data();
  CHECK(container.visit(names_of_kinds{}) == "object a b");
  container.type = kind::exception;
  CHECK(container.visit(names_of_kinds{}) == "exception 2");
  std::array<value, 2> elements{value{}, value::of_number(1)};
  container.type = kind::array;
  container.elements = elements.data();
  CHECK(container.visit(names_of_kinds{}) == "array null i64 1");
}

TEST_CASE("queries keep the prepared JSON of a list, and edits discard it") {
  fapilog::detail::arena memory;
  member_list list{memory};
  std::array<member, 2> const members{member{"a", value::of_number(1)}, member{"b", value::of_number(2)}};
  list.set_prepared({members.data(), members.size(), R"(,"a":1,"b":2)"});
  REQUIRE(list.prepared().count == 2);

  CHECK(list.find("b")->i64 == 2);
  CHECK(list.begin()[0].key == "a");
  CHECK(list.end() - list.begin() == 2);
  CHECK(list.prepared().count == 2);

  CHECK(list.edit("missing") == nullptr);
  CHECK(list.prepared().count == 2);
  list.edit("a")->i64 = 3;
  CHECK(list.prepared().count == 0);
  CHECK(list.find("a")->i64 == 3);

  member_list other{memory};
  other.set_prepared({members.data(), members.size(), R"(,"a":1,"b":2)"});
  for (member& m : other.edit()) m.value = value::of_bool(false);
  CHECK(other.prepared().count == 0);
  CHECK_FALSE(other.find("b")->boolean);
}

TEST_CASE("prepared members are set one by one if a key is already in the list") {
  fapilog::detail::arena memory;
  member_list list{memory};
  list.push_back({"b", value::of_number(1)});
  std::array<member, 2> const members{member{"a", value::of_number(2)}, member{"b", value::of_number(3)}};
  list.set_prepared({members.data(), members.size(), R"(,"a":2,"b":3)"});
  CHECK(list.size() == 2);
  CHECK(list.find("a")->i64 == 2);
  CHECK(list.find("b")->i64 == 3);
  CHECK(list.prepared().count == 0);
}
