// SPDX-License-Identifier: MIT
// The bulk requests of Elasticsearch and OpenSearch, and what the responses mean for each entry.
#pragma once

#include <fapilog/detail/text/concat.hpp>
#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/record/event.hpp>
#include <fapilog/record/json.hpp>
#include <fapilog/record/json_parts.hpp>
#include <fapilog/record/time.hpp>
#include <fapilog/record/uuid.hpp>
#include <fapilog/sinks/http/detail/ecs_document.hpp>
#include <fapilog/sinks/http/detail/http_message.hpp>
#include <fapilog/sinks/http/detail/http_verdict.hpp>
#include <fapilog/sinks/http/detail/http_writer.hpp>
#include <fapilog/sinks/http/elasticsearch_config.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// The result of one action.
struct bulk_item {
  int status = 0;
  std::string_view error_type = {};  ///< one of `bulk_error_types`, or empty
};

/// The types of errors that documents and indices cause. Only these are repeated in messages, because a message contains no
/// text of a response.
inline constexpr std::array<std::string_view, 20> bulk_error_types{"circuit_breaking_exception",
                                                                   "cluster_block_exception",
                                                                   "document_parsing_exception",
                                                                   "es_rejected_execution_exception",
                                                                   "illegal_argument_exception",
                                                                   "index_closed_exception",
                                                                   "index_not_found_exception",
                                                                   "invalid_index_name_exception",
                                                                   "mapper_parsing_exception",
                                                                   "mapper_exception",
                                                                   "no_shard_available_action_exception",
                                                                   "open_search_rejected_execution_exception",
                                                                   "process_cluster_event_timeout_exception",
                                                                   "rejected_execution_exception",
                                                                   "security_exception",
                                                                   "strict_dynamic_mapping_exception",
                                                                   "unavailable_shards_exception",
                                                                   "validation_exception",
                                                                   "version_conflict_engine_exception",
                                                                   "x_content_parse_exception"};

/// The items of the response to a bulk request, or nothing if it is none. Throws: std::bad_alloc.
[[nodiscard]] inline std::optional<std::vector<bulk_item>> bulk_items(std::string_view body) {
  std::vector<std::string_view> elements;
  if (!json::split_array(json::find_member(body, "\"items\""), elements)) return std::nullopt;
  std::vector<bulk_item> items;
  items.reserve(elements.size());
  for (std::string_view const element : elements) {
    std::string_view const result = json::find_member(element, "\"create\"");
    auto const status = json::unsigned_number(json::find_member(result, "\"status\""));
    if (!status || *status < 100 || *status > 599) return std::nullopt;
    bulk_item item{.status = static_cast<int>(*status)};
    std::string_view type = json::find_member(json::find_member(result, "\"error\""), "\"type\"");
    if (type.size() > 2) type = type.substr(1, type.size() - 2);
    auto const known = std::find(bulk_error_types.begin(), bulk_error_types.end(), type);
    if (known != bulk_error_types.end()) item.error_type = *known;
    items.push_back(item);
  }
  return items;
}

/// What the status of an item means. 409 is delivered: a document with this `message_id` is there already.
[[nodiscard]] constexpr http_outcome outcome_of_item(int status) noexcept {
  if (status == 409) return http_outcome::delivered;
  http_outcome const outcome = outcome_of_status(status);
  bool const is_final = outcome == http_outcome::invalid || outcome == http_outcome::too_large;
  return is_final ? http_outcome::rejected : outcome;
}

[[nodiscard]] constexpr std::string_view advice_for_item(int status) noexcept {
  switch (status) {
    case 401:
    case 403: return ": the index is blocked, or the credential does not permit to write to it";
    case 404: return ": the index does not exist, and the server may not create it";
    case 429: return ": the server has no room for it now";
    default: return "";
  }
}

/// `{"create":{"_id":"<message_id>"}}` and the document, for each entry. Thread: one at a time. Throws: std::bad_alloc.
class elasticsearch_format final : public http_format {
 public:
  explicit elasticsearch_format(sinks::elasticsearch_config const& config)
      : document_(config.document), ecs_(config.fields) {
    std::size_t const date = config.index.find(index_date);
    before_date_ = config.index.substr(0, date);
    has_date_ = date != std::string::npos;
    if (has_date_) after_date_ = config.index.substr(date + index_date.size());
    path_ = has_date_ ? "/_bulk" : concat({"/", config.index, "/_bulk"});
    // The texts of errors, which may contain a part of the record, are not asked for.
    query_ = "filter_path=errors,items.*.status,items.*.error.type";
    if (!config.pipeline.empty()) append(query_, {"&pipeline=", config.pipeline});
  }

  void encode(batch const& entries, std::string& body) override {
    constexpr std::size_t kept_bytes = std::size_t{8} << 20;
    text_.clear_to(kept_bytes);
    for (entry const& e : entries) {
      put_action(e.event);
      if (document_ == sinks::elasticsearch_document::ecs) ecs_.put(text_, e.event);
      else put_envelope(e);
      text_.push_back('\n');
    }
    body.append(text_.view());
  }
  void describe(batch const& /*entries*/, http_request& request) override {
    request.path = path_;
    request.query = query_;
    request.content_type = "application/x-ndjson";
  }

  [[nodiscard]] http_verdict judge(http_response const& response, batch const& entries,
                                   std::string_view peer) override {
    http_verdict verdict = verdict_of(response, peer);
    if (response.failure != http_failure::none || verdict.outcome != http_outcome::delivered) return verdict;
    auto const items = bulk_items(response.body);
    if (items && items->size() == entries.size()) return verdict_of_items(*items, peer);
    if (response.is_body_cut && entries.size() > 1) {
      return {.outcome = http_outcome::too_large,
              .reason = concat({peer, ": the response is longer than connection.max_response_bytes"})};
    }
    return {.outcome = http_outcome::refused,
            .reason = concat(
                {peer, ": the response is not that of a bulk request; the URL is that of another server"})};
  }

 private:
  void put_action(event const& e) {
    text_.append("{\"create\":{");
    if (has_date_) {
      constexpr std::int64_t second_ns = 1'000'000'000;
      std::array<char, 19> day{};
      std::int64_t const seconds = e.unix_ns / second_ns - (e.unix_ns % second_ns < 0 ? 1 : 0);
      put_civil(day.data(), seconds);
      day[4] = day[7] = '.';
      text_.append("\"_index\":\"");
      text_.append(before_date_);
      text_.append({day.data(), 10});
      text_.append(after_date_);
      text_.append("\",");
    }
    text_.append("\"_id\":\"");
    text_.end_at(put_uuid(text_.room(40), e.message_id));
    text_.append("\"}}\n");
  }
  void put_envelope(entry const& e) {
    constexpr std::uint32_t nanoseconds = 9;
    text_.append("{\"@timestamp\":\"");
    text_.end_at(put_timestamp(text_.room(40), e.event.unix_ns, nanoseconds));
    if (e.json.size() > 2 && e.json.front() == '{') {
      text_.append("\",");
      text_.append(e.json.substr(1));
    } else {  // a processor made another form of it
      json::put_text_between(text_, "\",\"message\":\"", e.json, "\"}");
    }
  }

  [[nodiscard]] static http_verdict verdict_of_items(std::vector<bulk_item> const& items,
                                                     std::string_view peer) {
    http_verdict verdict{.outcome = http_outcome::items};
    bulk_item again;
    bulk_item never;
    for (std::size_t i = 0; i < items.size(); ++i) {
      switch (outcome_of_item(items[i].status)) {
        case http_outcome::delivered: break;
        case http_outcome::rejected:
          if (verdict.never.empty()) never = items[i];
          verdict.never.push_back(i);
          break;
        case http_outcome::refused: verdict.is_refused = true; [[fallthrough]];
        case http_outcome::retry:
        case http_outcome::items:
        case http_outcome::too_large:
        case http_outcome::invalid:

          if (verdict.again.empty()) again = items[i];
          verdict.again.push_back(i);
      }
    }
    if (verdict.again.empty() && verdict.never.empty()) return {};
    auto const describe = [&](std::size_t count, std::string_view what, bulk_item const& first) {
      append(verdict.reason,
             {verdict.reason.empty() ? peer : std::string_view{}, verdict.reason.empty() ? ": " : "; ",
              std::to_string(count), " of ", std::to_string(items.size()), what, std::to_string(first.status),
              first.error_type.empty() ? "" : " ", first.error_type, advice_for_item(first.status)});
    };
    if (!verdict.never.empty())
      describe(verdict.never.size(), " records rejected, the first one with ", never);
    if (!verdict.again.empty())
      describe(verdict.again.size(), " records to send again, the first one because of ", again);
    return verdict;
  }

  sinks::elasticsearch_document document_;
  ecs_document ecs_;
  std::string before_date_;
  std::string after_date_;
  bool has_date_ = false;
  std::string path_;
  std::string query_;
  text_buffer text_;
};

}  // namespace fapilog::inline v0_1::detail
