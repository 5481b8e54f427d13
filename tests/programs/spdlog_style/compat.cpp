// SPDX-License-Identifier: MIT
// The shop with the compatibility header: no spdlog, and its calls stay.
#define SPDLOG_ACTIVE_LEVEL SPDLOG_LEVEL_DEBUG
#include <fapilog/fapilog.hpp>
#include <fapilog/integrations/compat_macros.hpp>

#include <fmt/format.h>

#include <chrono>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace spdlog = fapilog::compat::spdlog;

struct money {
  long cents;
};
template <>
struct fmt::formatter<money> : fmt::formatter<std::string> {
  template <class Context>
  auto format(money const& m, Context& context) const {
    return fmt::formatter<std::string>::format(fmt::format("{}.{:02} EUR", m.cents / 100, m.cents % 100),
                                               context);
  }
};

struct order {
  int id;
  std::string customer;
  std::vector<money> items;
};

class stock {
 public:
  explicit stock(std::map<std::string, int> goods) : goods_(std::move(goods)) {
    log_->debug("stock has {} kinds of goods", goods_.size());
  }
  bool take(std::string const& what, int count) {
    auto const found = goods_.find(what);
    if (found == goods_.end()) {
      log_->error("unknown goods: '{}'", what);
      return false;
    }
    if (found->second < count) {
      log_->warn("only {} of {} {} left", found->second, count, what);
      return false;
    }
    found->second -= count;
    log_->trace("{} {} taken", count, what);
    return true;
  }

 private:
  std::shared_ptr<spdlog::logger> log_ = spdlog::get("stock");
  std::map<std::string, int> goods_;
};

class till {
 public:
  money charge(order const& o) {
    money sum{0};
    for (money const& item : o.items) {
      sum.cents += item.cents;
      SPDLOG_LOGGER_DEBUG(log_, "order {}: item {}", o.id, item);
    }
    if (sum.cents > 100'000) throw std::runtime_error(fmt::format("order {} is too large: {}", o.id, sum));
    SPDLOG_LOGGER_INFO(log_, "order {} of {} charged: {:>12}", o.id, o.customer, sum);
    return sum;
  }

 private:
  std::shared_ptr<spdlog::logger> log_ = spdlog::get("till");
};

void set_up_logging(std::string const& folder) {
  static fapilog::runtime rt{
      {.sinks = {fapilog::sinks::stdout_json{},
                 fapilog::sinks::rotating_file{{.directory = folder, .filename_prefix = "shop"}}}}};
  spdlog::use(rt);
  for (auto const* name : {"stock", "till"}) spdlog::create_logger(name);
  spdlog::set_default_logger(spdlog::create_logger("shop"));
  spdlog::set_level(spdlog::level::debug);
  spdlog::flush_on(spdlog::level::err);
}

void work(till& cash, stock& goods, int first) {
  for (int id = first; id < first + 3; ++id) {
    order const next{id, "customer-" + std::to_string(id % 2), {{1999}, {500 * id}}};
    try {
      if (goods.take("apple", id)) cash.charge(next);
    } catch (std::exception const& error) {
      spdlog::error("order {} failed: {}", next.id, error.what());
    }
  }
}

int main(int argc, char** argv) {
  set_up_logging(argc > 1 ? argv[1] : ".");
  spdlog::info("the shop opens with {} arguments", argc - 1);
  spdlog::get("stock")->set_level(spdlog::level::trace);

  stock goods{{{"apple", 12}, {"pear", 3}}};
  till cash;
  work(cash, goods, 1);
  std::thread helper{[&] { work(cash, goods, 4); }};
  helper.join();
  goods.take("banana", 1);

  try {
    cash.charge({99, "vip", {{99'999}, {2}}});
  } catch (std::exception const& error) {
    SPDLOG_ERROR("vip: {}", error.what());
  }

  auto const start = std::chrono::steady_clock::now();
  std::string const late = "a text of {} and braces";
  spdlog::warn(fmt::runtime(late), "run time");
  if (spdlog::should_log(spdlog::level::debug)) {
    spdlog::debug("hex {:#x}, padded {:<6}|, float {:.3f}, bool {}", 255, "ab", 3.14159, true);
  }
  SPDLOG_TRACE("compiled out");
  spdlog::set_level(spdlog::level::warn);
  spdlog::info("not shown");
  spdlog::set_level(spdlog::level::info);
  bool const fast = std::chrono::steady_clock::now() - start < std::chrono::hours{1};
  spdlog::log(fast ? spdlog::level::info : spdlog::level::warn, "the shop closes, fast: {}", fast);
  spdlog::critical("bye");
  spdlog::shutdown();
}
