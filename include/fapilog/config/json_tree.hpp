// SPDX-License-Identifier: MIT
// Builds a tree with line numbers from the callbacks of a streaming JSON parser.
#pragma once

#include <fapilog/config/config_value.hpp>
#include <fapilog/config/setting_reader.hpp>
#include <fapilog/config/settings_error.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// Builds a tree while a parser (nlohmann's, in settings.hpp) reads JSON. Records the line of each name and value;
/// refuses duplicate names in an object and nesting that is too deep.
class json_tree_builder {
 public:
  static constexpr std::size_t max_bytes = std::size_t{1} << 20;
  static constexpr std::size_t max_depth = 64;
  static constexpr std::size_t max_members = 1'024;

  /// Records how far the parser has read.
  class reading_iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = char;
    using difference_type = std::ptrdiff_t;
    using pointer = char const*;
    using reference = char const&;
    reading_iterator(char const* at, char const** last) : at_(at), last_(last) {}
    reference operator*() const { return *at_; }
    reading_iterator& operator++() {
      *last_ = at_++;
      return *this;
    }
    reading_iterator operator++(int) {
      reading_iterator const before = *this;
      ++*this;
      return before;
    }
    bool operator==(reading_iterator const& other) const { return at_ == other.at_; }
    bool operator!=(reading_iterator const& other) const { return at_ != other.at_; }

   private:
    char const* at_;
    char const** last_;
  };

  json_tree_builder(std::string_view text, std::string const& name,
                    std::vector<settings_error::problem>& problems)
      : name_(std::make_shared<std::string const>(name)),
        problems_(problems),
        counted_(text.data()),
        last_(text.data()),
        begin_(text.data(), &last_),
        end_(text.data() + text.size(), &last_) {}
  json_tree_builder(json_tree_builder const&) = delete;
  json_tree_builder& operator=(json_tree_builder const&) = delete;

  [[nodiscard]] reading_iterator begin() const { return begin_; }
  [[nodiscard]] reading_iterator end() const { return end_; }
  [[nodiscard]] config_value take() { return std::move(root_); }

  // Called by the parser; false stops it.
  bool null() { return add({}); }
  bool boolean(bool v) { return add(v); }
  bool number_integer(std::int64_t v) { return add(v); }
  bool number_unsigned(std::uint64_t v) { return add(v); }
  bool number_float(double v, std::string const& /*text*/) { return add(v); }
  bool string(std::string& v) { return add(std::move(v)); }
  template <class Bytes>
  bool binary(Bytes& /*bytes*/) {
    return false;
  }
  bool start_object(std::size_t /*size*/) { return open(config_value::object()); }
  bool start_array(std::size_t /*size*/) { return open(config_value::list()); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool key(std::string& name) {
    name_of_next_ = std::move(name);
    where_of_next_ = here();
    level& top = open_.back();
    auto const [same, is_new] = top.lines.emplace(name_of_next_, where_of_next_.line());
    if (!is_new) {
      std::string path;
      for (std::size_t i = 1; i < open_.size(); ++i) path = setting_path(path, open_[i].name);
      path = setting_path(path, name_of_next_);
      report(path, "is already given in line " + std::to_string(same->second));
    }
    if (top.lines.size() > max_members) {
      report("", "an object has more than " + std::to_string(max_members) + " members");
      return false;
    }
    return true;
  }
  bool parse_error(std::size_t /*position*/, std::string const& /*token*/, std::exception const& error) {
    std::string why = error.what();
    // "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error while parsing object - unexpected
    // end of input; last read: '...'; expected ...". The last token may be a secret.
    if (auto const read = why.find("; last read: '"); read != std::string::npos) {
      auto const after = why.rfind("'; expected ");
      why.erase(read, after == std::string::npos || after < read ? std::string::npos : after + 1 - read);
    }
    if (auto const overflow = why.find("number overflow"); overflow != std::string::npos) {
      why = "a number is larger than a double can be";
    } else if (auto const reason = why.rfind(" - "); reason != std::string::npos) {
      why.erase(0, reason + 3);
    }
    report("", "this is not JSON: " + config::printable(why, max_reason));
    return false;
  }

 private:
  struct level {
    std::string name;
    config_value value;
    config_origin where;                                     ///< of the name
    std::unordered_map<std::string, std::uint32_t> lines{};  ///< of the names of its members
  };
  static constexpr std::size_t max_reason = 300;

  /// The line of the last character that was read.
  config_origin here() {
    for (; counted_ < last_; ++counted_) line_ += *counted_ == '\n' ? 1 : 0;
    return config_origin::in_text(name_, line_);
  }
  bool open(config_value v) {
    v.set_origin(here());
    if (open_.size() == max_depth) {
      report("", "objects and lists are nested more than " + std::to_string(max_depth) + " deep");
      return false;
    }
    open_.push_back({std::exchange(name_of_next_, {}), std::move(v), std::exchange(where_of_next_, {})});
    return true;
  }
  bool close() {
    level done = std::move(open_.back());
    open_.pop_back();
    put(done.name, std::move(done.value), std::move(done.where));
    return true;
  }
  bool add(config_value v) {
    v.set_origin(here());
    put(std::exchange(name_of_next_, {}), std::move(v), std::exchange(where_of_next_, {}));
    return true;
  }
  void put(std::string const& name, config_value v, config_origin where) {
    if (open_.empty()) root_ = std::move(v);
    else if (open_.back().value.is_list()) open_.back().value.push_back(std::move(v));
    else open_.back().value.add(name, std::move(v), std::move(where));
  }
  void report(std::string path, std::string text) {
    if (problems_.size() >= max_settings_problems) return;
    problems_.push_back({here().text(), std::move(path), std::move(text)});
  }

  std::shared_ptr<std::string const> name_;
  std::vector<settings_error::problem>& problems_;
  char const* counted_;
  char const* last_;
  reading_iterator begin_;
  reading_iterator end_;
  std::uint32_t line_ = 1;
  std::vector<level> open_;
  std::string name_of_next_;
  config_origin where_of_next_;
  config_value root_;
};

}  // namespace fapilog::inline v0_1::detail
