// SPDX-License-Identifier: MIT
// A program that uses the library: it owns the runtime, chooses the preset and passes a logger in.
#include <fapilog/fapilog.hpp>

#include "basket.hpp"

int main() {
  fapilog::basic_runtime<fapilog::presets::production> rt;
  basket::basket logged{rt.get_logger("shop.basket")};
  logged.add("tea", 2);
  logged.add("salt", 0);

  basket::basket silent;  // no logger: its calls cost a load and a branch
  silent.add("tea", 1);
  return logged.size() == 2 && silent.size() == 1 ? 0 : 1;
}
