// SPDX-License-Identifier: MIT
// The body of a push request of Loki, and what the response means.
#pragma once

#include <fapilog/detail/text/concat.hpp>
#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/record/json.hpp>
#include <fapilog/sinks/http/detail/http_message.hpp>
#include <fapilog/sinks/http/detail/http_verdict.hpp>
#include <fapilog/sinks/http/detail/http_writer.hpp>
#include <fapilog/sinks/http/detail/named_path.hpp>
#include <fapilog/sinks/http/loki_config.hpp>

#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// `{"streams":[{"stream":{labels},"values":[["<ns>","<line>",{metadata}],...]},...]}`: the entries with the same labels are one
/// stream, in their order.
class loki_format final : public http_format {
 public:
  explicit loki_format(sinks::loki_config const& config) : max_values_(config.max_label_values) {
    if (!config.tenant.empty()) headers_.push_back("X-Scope-OrgID: " + config.tenant);
    for (std::string const& label : config.labels) {
      std::size_t const at = label.find('=');
      put_member(fixed_, label.substr(0, at), label.substr(at + 1));
    }
    for (std::string const& label : config.label_fields) labels_.push_back({named_path{label}, {}});
    for (std::string const& name : config.metadata) metadata_.emplace_back(name);
  }

  void encode(batch const& entries, std::string& body) override {
    std::vector<std::pair<std::string, std::string>> streams;  // labels and values, by the first entry
    std::unordered_map<std::string, std::size_t> by_labels;
    for (entry const& e : entries) {
      std::string labels = labels_of(e.event);
      auto const [found, is_new] = by_labels.try_emplace(labels, streams.size());
      if (is_new) streams.emplace_back(std::move(labels), std::string{});
      put_value(streams[found->second].second, e);
    }
    body = "{\"streams\":[";
    for (auto const& [labels, values] : streams) {
      if (body.back() == '}') body += ',';
      append(body, {"{\"stream\":{", labels, "},\"values\":[", values, "]}"});
    }
    body += "]}";
  }
  void describe(batch const& /*entries*/, http_request& request) override {
    request.path = "/loki/api/v1/push";
    request.content_type = "application/json";
    request.headers = headers_;
  }

 private:
  struct field_label {
    named_path source;
    std::set<std::string, std::less<>> values;  ///< seen so far
  };

  /// Appends `"name":"value"`, with a comma if there is one before it.
  void put_member(std::string& to, std::string_view name, std::string_view value) {
    if (!to.empty() && to.back() != '{') to += ',';
    append(to, {"\"", name, "\":"});
    put_string(to, value);
  }
  void put_string(std::string& to, std::string_view text) {
    escaped_.clear();
    json::put_text(escaped_, text);
    to.append(escaped_.view());
  }

  [[nodiscard]] std::string labels_of(event const& e) {
    std::string all = fixed_;
    for (field_label& label : labels_) {
      auto const text = label.source.path.text(e, text_);
      if (!text || text->empty()) continue;  // Loki has no empty labels
      bool is_known = label.values.contains(*text);
      if (!is_known && label.values.size() < max_values_) {
        label.values.emplace(*text);
        is_known = true;
      }
      put_member(all, label.source.name, is_known ? *text : std::string_view{"other"});
    }
    return all;
  }
  void put_value(std::string& to, entry const& e) {
    if (!to.empty()) to += ',';
    append(to, {"[\"", std::to_string(e.event.unix_ns), "\","});
    put_string(to, e.json);
    std::string metadata = "{";
    for (named_path const& source : metadata_) {
      if (auto const text = source.path.text(e.event, text_)) put_member(metadata, source.name, *text);
    }
    if (metadata.size() > 1) append(to, {",", metadata, "}"});
    to += ']';
  }

  std::size_t max_values_;
  std::vector<std::string> headers_;
  std::string fixed_;
  std::vector<field_label> labels_;
  std::vector<named_path> metadata_;
  text_buffer text_;
  text_buffer escaped_;
};

}  // namespace fapilog::inline v0_1::detail
