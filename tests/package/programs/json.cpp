// SPDX-License-Identifier: MIT
// Uses the component json: a nlohmann value as a field.
#include <fapilog/record/json_value.hpp>
#include <fapilog/runtime.hpp>

#include <nlohmann/json.hpp>

#include <chrono>

int main() {
  fapilog::runtime rt;
  auto log = rt.get_logger("billing");
  log.info("a document", fapilog::kv("document", nlohmann::json{{"answer", 42}}));
  return rt.drain(std::chrono::seconds{30}).processed == 1 ? 0 : 1;
}
