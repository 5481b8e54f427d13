// SPDX-License-Identifier: MIT
// The entries that a sink gets, in order: immutable once built, shared by reference.
#pragma once

#include <fapilog/detail/memory/arena.hpp>
#include <fapilog/detail/memory/shared_bytes.hpp>
#include <fapilog/detail/memory/vector.hpp>
#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/record/event.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>

#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1 {

/// An event and its JSON line.
struct entry {
  explicit entry(detail::arena& memory) noexcept : event(memory) {}

  fapilog::event event;
  /// The envelope as one line without a line end; empty if no sink needs JSON (`needs_json`).
  std::string_view json;
};

namespace detail {
/// Learns that every sink is done with a batch.
class settlement {
 public:
  settlement() = default;
  settlement(settlement const&) = delete;
  settlement& operator=(settlement const&) = delete;
  virtual ~settlement() = default;
  /// Called once for each batch. Thread: the worker's.
  virtual void begun() noexcept {}
  /// Called once for each batch that has begun. Thread: any.
  virtual void settled() noexcept = 0;
};

/// The memory of a batch. The worker fills it; afterwards it is only read. It is reused when no handle refers to it.
class batch_storage {
 public:
  [[nodiscard]] detail::arena& memory() noexcept { return memory_; }
  [[nodiscard]] vector<entry>& entries() noexcept { return entries_; }
  [[nodiscard]] vector<entry> const& entries() const noexcept { return entries_; }
  /// All lines, each with its line end, one after the other.
  [[nodiscard]] detail::text_buffer& text() noexcept { return text_; }
  [[nodiscard]] detail::text_buffer const& text() const noexcept { return text_; }

  /// Keeps shared bytes alive to which events refer.
  void keep(detail::shared_bytes const& bytes) {
    if (bytes.empty() || (!kept_.empty() && kept_.back().data() == bytes.data())) return;
    kept_.push_back(bytes);
  }

  /// Keeps the memory of another batch alive to which events refer.
  void keep(std::shared_ptr<batch_storage const> other) { others_.push_back(std::move(other)); }

  /// Marks the entries as recovered: see `batch::is_recovered`.
  void mark_recovered() noexcept { is_recovered_ = true; }
  [[nodiscard]] bool is_recovered() const noexcept { return is_recovered_; }

  /// Bytes of memory that it occupies.
  [[nodiscard]] std::size_t bytes() const noexcept {
    return memory_.bytes() + entries_.capacity() * sizeof(entry) + text_.capacity();
  }

  /// Sets what is notified when the batch is settled; may be null.
  void settle_for(std::shared_ptr<settlement> notified) noexcept { settlement_ = std::move(notified); }
  [[nodiscard]] std::shared_ptr<settlement> const& settles() const noexcept { return settlement_; }

  void clear() noexcept {
    settlement_.reset();
    entries_.clear();
    kept_.clear();
    others_.clear();
    text_.clear_to(std::size_t{4} << 20);
    memory_.clear();
    is_recovered_ = false;
  }

 private:
  detail::arena memory_;
  vector<entry> entries_;
  vector<detail::shared_bytes> kept_;
  vector<std::shared_ptr<batch_storage const>> others_;
  detail::text_buffer text_;
  std::shared_ptr<settlement> settlement_;
  bool is_recovered_ = false;
};
}  // namespace detail

/// A handle to entries in order. A copy shares them. Thread: any, for reading.
class batch {
 public:
  batch() = default;
  explicit batch(std::shared_ptr<detail::batch_storage> storage)
      : storage_(std::move(storage)), last_(storage_->entries().size()) {}

  [[nodiscard]] entry const* begin() const noexcept {
    return storage_ ? std::as_const(*storage_).entries().data() + first_ : nullptr;
  }
  [[nodiscard]] entry const* end() const noexcept {
    return storage_ ? std::as_const(*storage_).entries().data() + last_ : nullptr;
  }
  [[nodiscard]] std::size_t size() const noexcept { return last_ - first_; }
  [[nodiscard]] bool empty() const noexcept { return first_ == last_; }
  [[nodiscard]] entry const& operator[](std::size_t index) const noexcept {
    return std::as_const(*storage_).entries().data()[first_ + index];
  }

  /// The JSON lines of all entries in one piece, each with its newline; empty if no sink needs JSON.
  [[nodiscard]] std::string_view text() const noexcept {
    if (empty()) return {};
    entry const& last = (*this)[size() - 1];
    char const* const from = (*this)[0].json.data();
    if (from == nullptr) return {};
    return {from, static_cast<std::size_t>(last.json.data() + last.json.size() + 1 - from)};
  }

  /// True if an earlier process left these entries behind and may have written them to a sink already, with the same
  /// `message_id`. The delivery then calls the sink's `find_arrived`.
  [[nodiscard]] bool is_recovered() const noexcept { return storage_ && storage_->is_recovered(); }

  /// The memory for reuse if this is the only handle to it, otherwise null.
  [[nodiscard]] std::shared_ptr<detail::batch_storage> reusable_storage() const {
    return storage_.use_count() == 1 ? storage_ : nullptr;
  }

  /// What is notified when the batch is settled; may be null.
  [[nodiscard]] std::shared_ptr<detail::settlement> settles() const noexcept {
    return storage_ ? storage_->settles() : nullptr;
  }

  /// Bytes of the batch's memory, which copies and parts share.
  [[nodiscard]] std::size_t bytes() const noexcept { return storage_ ? storage_->bytes() : 0; }

  /// Returns a batch of the entries at these indices, which must ascend. Throws: std::bad_alloc.
  [[nodiscard]] batch only(std::vector<std::uint32_t> const& indices) const {
    auto chosen = std::make_shared<detail::batch_storage>();
    chosen->entries().reserve(indices.size());
    for (std::uint32_t const index : indices) add_to(*chosen, (*this)[index]);
    chosen->keep(storage_);
    if (is_recovered()) chosen->mark_recovered();
    return from_copies(std::move(chosen));
  }

  /// Joins the entries of several batches into one batch, in order. Uses `memory`, which must be empty, unless it is null.
  /// Throws: std::bad_alloc.
  [[nodiscard, gnu::cold]] static batch joined(std::vector<batch> const& parts,
                                               std::shared_ptr<detail::batch_storage> memory = nullptr) {
    auto all = memory ? std::move(memory) : std::make_shared<detail::batch_storage>();
    std::size_t count = 0;
    for (batch const& part : parts) count += part.size();
    all->entries().reserve(count);
    for (batch const& part : parts) {
      for (entry const& e : part) add_to(*all, e);
      all->keep(part.storage_);
      if (part.is_recovered()) all->mark_recovered();
    }
    return from_copies(std::move(all));
  }

  /// Returns a batch of the entries from this index on.
  [[nodiscard]] batch from(std::size_t index) const {
    batch rest = *this;
    rest.first_ = index < size() ? first_ + index : last_;
    return rest;
  }
  /// Returns a batch of the entries before this index.
  [[nodiscard]] batch up_to(std::size_t index) const {
    batch begin = *this;
    if (index < size()) begin.last_ = first_ + index;
    return begin;
  }

 private:
  static void add_to(detail::batch_storage& to, entry const& e) {
    to.entries().push_back(e);
    if (e.json.data() == nullptr) return;
    to.text().append(e.json);
    to.text().push_back('\n');
  }
  /// Sets the line of each entry. Must be called last, because the text moves while it grows.
  static batch from_copies(std::shared_ptr<detail::batch_storage> made) {
    char const* line = made->text().data();
    for (entry& e : made->entries()) {
      if (e.json.data() == nullptr) continue;
      e.json = {line, e.json.size()};
      line += e.json.size() + 1;
    }
    return batch{std::move(made)};
  }

  std::shared_ptr<detail::batch_storage> storage_;
  std::size_t first_ = 0;
  std::size_t last_ = 0;
};

}  // namespace fapilog::inline v0_1
