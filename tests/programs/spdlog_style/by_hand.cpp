// SPDX-License-Identifier: MIT
// The shop moved to fapilog by hand: values that the text only names become fields.
#include <fapilog/fapilog.hpp>

#include <fmt/format.h>

#include <chrono>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

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
  stock(fapilog::logger log, std::map<std::string, int> goods)
      : log_(std::move(log)), goods_(std::move(goods)) {
    log_.debug("stock has {} kinds of goods", goods_.size());
  }
  bool take(std::string const& what, int count) {
    auto const found = goods_.find(what);
    if (found == goods_.end()) {
      log_.error("unknown goods: '{}'", what);
      return false;
    }
    if (found->second < count) {
      log_.warn("only {} of {} {} left", found->second, count, what);
      return false;
    }
    found->second -= count;
    log_.trace("{} {} taken", count, what);
    return true;
  }

 private:
  fapilog::logger log_;
  std::map<std::string, int> goods_;
};

class till {
 public:
  explicit till(fapilog::logger log) : log_(std::move(log)) {}
  money charge(order const& o) {
    money sum{0};
    for (money const& item : o.items) {
      sum.cents += item.cents;
      log_.debug("order {}: item {}", o.id, item);
    }
    if (sum.cents > 100'000) throw std::runtime_error(fmt::format("order {} is too large: {}", o.id, sum));
    log_.info("order {} of {} charged: {:>12}", o.id, o.customer, sum);
    return sum;
  }

 private:
  fapilog::logger log_;
};

void work(fapilog::logger const& log, till& cash, stock& goods, int first) {
  for (int id = first; id < first + 3; ++id) {
    order const next{id, "customer-" + std::to_string(id % 2), {{1999}, {500 * id}}};
    try {
      if (goods.take("apple", id)) cash.charge(next);
    } catch (std::exception const& error) {
      log.error("order {} failed: {}", next.id, error.what(), fapilog::caught(error));
    }
  }
}

int main(int argc, char** argv) {
  std::string const folder = argc > 1 ? argv[1] : ".";
  fapilog::runtime rt{
      {.log_level = fapilog::level::debug,
       .sinks = {fapilog::sinks::stdout_json{},
                 fapilog::sinks::rotating_file{{.directory = folder, .filename_prefix = "shop"}}}}};
  auto const log = rt.get_logger("shop");
  log.info("the shop opens with {} arguments", argc - 1);
  rt.set_level("stock", fapilog::level::trace);

  stock goods{rt.get_logger("stock"), {{"apple", 12}, {"pear", 3}}};
  till cash{rt.get_logger("till")};
  work(log, cash, goods, 1);
  std::thread helper{[&] { work(log, cash, goods, 4); }};
  helper.join();
  goods.take("banana", 1);

  try {
    cash.charge({99, "vip", {{99'999}, {2}}});
  } catch (std::exception const& error) {
    log.error("vip: {}", error.what(), fapilog::caught(error));
  }

  auto const start = std::chrono::steady_clock::now();
  std::string const late = "a text of {} and braces";
  log.warn(fapilog::runtime_text(late), "run time");
  if (log.is_enabled(fapilog::level::debug)) {
    log.debug("hex {:#x}, padded {:<6}|, float {:.3f}, bool {}", 255, "ab", 3.14159, true);
  }
  rt.set_level(fapilog::level::warning);
  log.info("not shown");
  rt.set_level(fapilog::level::info);
  bool const fast = std::chrono::steady_clock::now() - start < std::chrono::hours{1};
  log.log(fast ? fapilog::level::info : fapilog::level::warning, "the shop closes, fast: {}", fast);
  log.critical("bye");
}
