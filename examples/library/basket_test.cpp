// SPDX-License-Identifier: MIT
// The library's own test: a runtime with a capture sink shows what the library logs.
#include <fapilog/fapilog.hpp>
#include <fapilog/testing/capture.hpp>

#include <iostream>
#include <memory>

#include "basket.hpp"

int main() {
  using namespace fapilog::testing;
  auto const sink = std::make_shared<capture>();
  fapilog::runtime rt{{.sinks = {sink}}};

  basket::basket tested{rt.get_logger("test")};
  tested.add("tea", 2);
  tested.add("salt", -1);
  basket::basket{}.add("tea", 1);

  bool const complete = sink->wait_for(2);
  bool const added = sink->contains(has_level(fapilog::level::info) && has_message("added") &&
                                    has_value("data.component", "basket") &&
                                    has_value("data.article", "tea") && has_value("data.count", "2"));
  bool const refused =
      sink->contains(has_level(fapilog::level::warning) && has_message("ignored a count of -1") &&
                     has_value("data.article", "salt"));
  bool const no_more = sink->records().size() == 2;  // a basket without a logger logs nothing
  std::cout << complete << added << refused << no_more << '\n';
  return complete && added && refused && no_more ? 0 : 1;
}
