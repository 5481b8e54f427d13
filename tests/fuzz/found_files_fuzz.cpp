// SPDX-License-Identifier: MIT
// Fuzz target: any bytes in the files that a process finds and reads: segments of a spool, batches in them, lanes and owners of killed
// processes, and log files in which records are searched. Also any bytes as JSON of which parts are taken. What is changed was written
// by this build, so that it has the current format.
#include "support/kept_records.hpp"
#include "support/temporary_directory.hpp"

#include <fapilog/delivery/spool/spool_segment.hpp>
#include <fapilog/delivery/spool/spooled_batch.hpp>
#include <fapilog/detail/os/file.hpp>
#include <fapilog/kill_safe/dead_lane.hpp>
#include <fapilog/kill_safe/dead_process.hpp>
#include <fapilog/kill_safe/kept_format.hpp>
#include <fapilog/kill_safe/kept_lane_file.hpp>
#include <fapilog/kill_safe/literal_reader.hpp>
#include <fapilog/kill_safe/record_recovery.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/record/json_parts.hpp>
#include <fapilog/sinks/file/detail/arrived_lines.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

using fapilog::detail::dead_lane;
using fapilog::detail::lane_file_head;
using fapilog::detail::spool_segment;

void require(bool truth) {
  if (!truth) std::abort();
}

/// Two entries with a line and values of each form.
fapilog::batch some_batch() {
  auto storage = std::make_shared<fapilog::detail::batch_storage>();
  for (int i = 0; i < 2; ++i) {
    auto& one = storage->entries().emplace_back(storage->memory());
    one.event.message_id.bytes[0] = static_cast<std::uint8_t>(i + 1);
    one.event.level_name = "INFO";
    one.event.logger = "fuzz";
    one.event.message = "some message";
    one.event.data.set("text", fapilog::value::of_string("some text"));
    one.event.data.set("flag", fapilog::value::of_bool(true));
    one.event.data.set("number", fapilog::value::of_number(7));
    one.json = R"({"schema_version":"1.1","log":{}})";
  }
  return fapilog::batch{std::move(storage)};
}

std::string encoded(fapilog::batch const& entries) {
  fapilog::detail::text_buffer out;
  fapilog::detail::encode_batch(out, entries);
  return std::string{out.view()};
}

/// What the targets start with; the input changes its bytes.
struct originals {
  originals() {
    std::string const path = directory / "segment";
    spool_segment made;
    require(made.create(path) == 0);
    for (int i = 0; i < 3; ++i) require(made.append(batch, 2, false) == 0);
    made.close();
    segment = read(path);

    auto const record = support::kept_call("fuzz", [](fapilog::logger const& log) {
      log.info("some text", fapilog::kv("text", "value"));
      return log;
    });
    lane_file_head head{};
    head.format = fapilog::detail::kept_format::own(fapilog::detail::lane_magic);
    head.capacity = 4096;
    head.longest = 1024;
    head.memory_at = 256;
    head.head_at = 192;
    head.tail_at = 200;
    head.start_at = 208;
    lane.resize(
        (std::max)(fapilog::detail::lane_file_head_bytes, head.memory_at + head.capacity + head.longest));
    std::memcpy(lane.data(), &head, sizeof head);
    std::uint64_t end = 0;
    for (int i = 0; i < 3; ++i, end += record.size())
      std::memcpy(lane.data() + head.memory_at + end, record.data(), record.size());
    std::memcpy(lane.data() + head.head_at, &end, sizeof end);

    fapilog::detail::owner_head of_lane{};
    of_lane.format = fapilog::detail::kept_format::own(fapilog::detail::owner_magic);
    of_lane.process = 4711;
    of_lane.clocks[0] = {1'000, 1'769'509'800'123'456'789, 0.5};
    owner.resize(fapilog::detail::owner_bytes);
    std::memcpy(owner.data(), &of_lane, sizeof of_lane);
    std::filesystem::create_directory(process);

    for (int i = 0; i < 3; ++i) {
      log_file +=
          R"({"schema_version":"1.1","log":{"context":{"message_id":"01a2227e-ada0-7768-9be5-a8cefde4202)";
      log_file += static_cast<char>('0' + i);
      log_file += "\"}}}\n";
    }
  }

  static std::string read(std::string const& path) {
    auto const opened = fapilog::detail::open_file(path, fapilog::detail::open_for::read);
    std::string bytes(opened.handle.status().size, '\0');
    require(opened.handle.read_at(0, bytes.data(), bytes.size()).bytes == bytes.size());
    return bytes;
  }
  static void write(std::string const& path, std::string_view bytes) {
    auto const opened = fapilog::detail::open_file(path, fapilog::detail::open_for::replace);
    require(opened.handle.write_at(0, bytes).bytes == bytes.size());
  }

  support::temporary_directory directory;
  std::string batch = encoded(some_batch());
  std::string segment;
  std::string lane;
  std::string owner;
  std::string const process = directory / "process";  ///< what a killed process left
  std::string log_file;
  std::string const json =
      R"({"a":[1,-2.5e3,"\ud83d\ude00\u00e9\"\\",{}],"b":{"c":null,"d":[[],true]},"e":"äöü"})";
  fapilog::detail::literal_reader literals{directory.path().string(), directory.path().string()};
};

/// The bytes themselves, or the original with three of the bytes for each change: two for the place, one for the value. The length
/// of the rest cuts the end off, if it is odd.
std::string changed(std::string bytes, std::span<std::uint8_t const> input, bool is_whole) {
  if (is_whole) return {reinterpret_cast<char const*>(input.data()), input.size()};
  for (std::size_t i = 0; i + 2 < input.size(); i += 3)
    bytes[(input[i] + std::size_t{256} * input[i + 1]) % bytes.size()] = static_cast<char>(input[i + 2]);
  if (input.size() % 3 == 1) bytes.resize(input.back() * bytes.size() / 256);
  return bytes;
}

/// Returns the number of batches that can be decoded.
std::size_t read_segment(originals const& all, std::string const& bytes) {
  std::string const path = all.directory / "changed";
  originals::write(path, bytes);
  spool_segment read;
  std::string error;
  if (!read.open(path, error)) {
    require(!error.empty());
    return 0;
  }
  std::size_t batches = 0;
  std::uint64_t at = read.consumed();
  for (auto next = read.next(at); next.found; next = read.next(at)) {
    require(next.begin >= at && next.end > next.begin && next.end <= read.size());
    if (!fapilog::detail::decode_batch(next.payload, next.records).empty()) ++batches;
    at = next.end;
  }
  read.close();
  return batches;
}

/// What is accepted has one encoding.
void read_batch(std::string const& bytes, std::size_t records) {
  auto const decoded = fapilog::detail::decode_batch(bytes, records);
  if (decoded.empty()) return;
  require(decoded.size() == records);
  std::string const again = encoded(decoded);
  require(encoded(fapilog::detail::decode_batch(again, records)) == again);
}

/// Returns the number of records.
std::size_t read_lane(originals const& all, std::string const& bytes) {
  std::string const path = all.directory / "lane-0";
  originals::write(path, bytes);
  fapilog::detail::record_recovery recovery{all.literals};
  std::string damage;
  auto const lane = dead_lane::open(path, recovery, damage);
  if (lane == nullptr) return 0;
  std::size_t records = 0;
  for (; lane->next() != nullptr; lane->advance()) {
    ++records;
    require(lane->kept_bytes() <= bytes.size());
    using namespace fapilog::detail::record_format;
    write_identity(lane->kept(), log_record_of(lane->kept()), {1, {}});  // as the worker marks a record
  }
  return records;
}

/// Returns the number of records.
std::size_t read_process(originals const& all, std::string const& owner, std::string const& lane) {
  std::size_t records = 0;
  originals::write(all.process + "/owner", owner);
  originals::write(all.process + "/lane-0", lane);
  try {
    auto opened = fapilog::detail::dead_process::lock_owner(all.process);
    require(opened.error == 0);
    fapilog::detail::dead_process gone{all.directory.path().string(), all.process, std::move(opened.handle)};
    while (dead_lane* const first = gone.next()) {
      (void)gone.unix_ns(*first->next());
      first->advance();
      ++records;
    }
  } catch (std::runtime_error const& error) {
    require(*error.what() != '\0');
  }
  return records;
}

/// Parts of valid JSON are valid, and nothing is read beyond the end of other text.
void take_json_apart(std::string const& text) {
  namespace json = fapilog::detail::json;
  std::vector<json::text_member> members;
  std::vector<std::string_view> elements;
  bool const is_object = json::split(text, members);
  bool const is_array = json::split_array(text, elements);
  (void)json::is_whole_value(text);
  (void)json::find_member(text, R"("b")");
  // nlohmann skips a byte order mark, and a zero byte ends its input.
  if (text.empty() || text[0] == '\xEF' || text.find('\0') != std::string::npos) return;
  if (!nlohmann::json::accept(text)) return;
  auto const parsed = nlohmann::json::parse(text);
  require(is_object == parsed.is_object() && is_array == parsed.is_array());
  require(!is_object || members.size() >= parsed.size());  // a key may be there twice
  require(!is_array || elements.size() == parsed.size());
  for (auto const& one : members)
    require(nlohmann::json::accept(one.key) && nlohmann::json::accept(one.value) &&
            json::is_whole_value(one.value));
  for (auto const& one : elements) require(nlohmann::json::accept(one));
  if (text[0] != '"' || text.back() != '"') return;
  for (std::size_t size = 2; size < text.size() + 2; ++size) {
    std::string const cut = std::string{json::clip_string(text, size)} + '"';
    require(cut.size() <= size && nlohmann::json::accept(cut));
  }
}

void search_log(originals const& all, std::string const& bytes) {
  std::string const path = all.directory / "app.log";
  originals::write(path, bytes);
  fapilog::detail::arrived_lines lines{path, fapilog::detail::rotated_files{path}, {.block = 64}};
  std::string problem;
  require(lines.find(some_batch(), problem).size() == 2);
}

/// What is not changed can be read: the originals have the format of this build.
bool check(originals const& all) {
  require(read_segment(all, all.segment) == 3);
  require(read_lane(all, all.lane) == 3);
  require(read_process(all, all.owner, all.lane) == 3);
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  static originals const all;
  [[maybe_unused]] static bool const is_readable = check(all);
  if (size == 0) return 0;
  std::span<std::uint8_t const> const rest{data + 1, size - 1};
  bool const is_whole = data[0] % 2 == 0;
  switch (data[0] / 2 % 8) {
    case 0: read_segment(all, changed(all.segment, rest, is_whole)); break;
    case 1: read_batch(changed(all.batch, rest, is_whole), data[0] / 64 == 0 ? 2 : data[0] / 64); break;
    case 2: read_lane(all, changed(all.lane, rest, is_whole)); break;
    case 3: read_process(all, changed(all.owner, rest, is_whole), all.lane); break;
    case 4: read_process(all, all.owner, changed(all.lane, rest, is_whole)); break;
    case 5: take_json_apart(changed(all.json, rest, is_whole)); break;
    case 6: take_json_apart('"' + changed("\\ud83d\\ude00 \\n\u20ac \\u00e9", rest, is_whole) + '"'); break;
    default: search_log(all, changed(all.log_file, rest, is_whole)); break;
  }
  return 0;
}
