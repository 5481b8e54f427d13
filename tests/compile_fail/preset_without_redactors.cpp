// SPDX-License-Identifier: MIT
// A preset with redactors, chosen by type, without the header that has them.
// expect: needs #include <fapilog/stages/redactors/sets.hpp>
#include <fapilog/fapilog.hpp>

int main() {
  fapilog::basic_runtime<fapilog::presets::production> rt;
  rt.get_logger().info("masked");
}
