// SPDX-License-Identifier: MIT
// Optional members that a stage of any kind may have, and the interface over them.
#pragma once

#include <fapilog/metrics/metric.hpp>
#include <fapilog/record/internal_record.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1 {

namespace detail {
/// Optional members of every stage:
/// `name() const` for messages and metrics; the default is the kind, such as "filter";
/// `collect(metric_list&) const` adds its metrics; it is called from any thread at any time (see `counter`);
/// `summarise(std::int64_t now_ns, bool last, std::vector<internal_record>&)` adds records that report what the stage left
/// out; `last` is true at a flush and at a drain;
/// `summary_due() const` is the time of the next useful call of `summarise`, in nanoseconds since 1970-01-01 UTC; 0 for
/// never.
class stage_base {
 public:
  stage_base() = default;
  stage_base(stage_base const&) = delete;
  stage_base& operator=(stage_base const&) = delete;
  virtual ~stage_base() = default;

  [[nodiscard]] virtual std::string name() const = 0;
  virtual void collect(metric_list& all) const = 0;
  virtual void summarise(std::int64_t now_ns, bool last, std::vector<internal_record>& all) = 0;
  [[nodiscard]] virtual std::int64_t summary_due() const = 0;
};

/// Puts a stage of type T behind the interface of its kind. Members that T does not have do nothing.
template <class Interface, class T>
class stage_model : public Interface {
 public:
  template <class U>
  explicit stage_model(U&& stage) : stage_(std::forward<U>(stage)) {}

  [[nodiscard]] std::string name() const override {
    if constexpr (requires { stage_.name(); }) return std::string{stage_.name()};
    else return std::string{Interface::kind_name};
  }
  void collect(metric_list& all) const override {
    if constexpr (requires { stage_.collect(all); }) stage_.collect(all);
  }
  void summarise(std::int64_t now_ns, bool last, std::vector<internal_record>& all) override {
    if constexpr (requires { stage_.summarise(now_ns, last, all); }) stage_.summarise(now_ns, last, all);
  }
  [[nodiscard]] std::int64_t summary_due() const override {
    if constexpr (requires { stage_.summary_due(); }) return stage_.summary_due();
    else return 0;
  }

 protected:
  T stage_;
};

}  // namespace detail
}  // namespace fapilog::inline v0_1
