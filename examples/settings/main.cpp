// SPDX-License-Identifier: MIT
// Settings: a file, overridden by the environment, with a custom plugin by name, and the errors for a wrong file.
// usage: settings FILE | settings --schema
#include <fapilog/fapilog.hpp>
#include <fapilog/settings.hpp>
#include <fapilog/settings_schema.hpp>

#include <iostream>
#include <string>
#include <string_view>

using fapilog::kv;

namespace {

struct only_logger_config {
  std::string logger = "root";

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    visit(fapilog::setting{.name = "logger", .text = "The logger whose records are kept."}, self.logger);
  }
};

/// A filter that settings can name: keeps the records of one logger.
class only_logger {
 public:
  explicit only_logger(only_logger_config const& config) : logger_(config.logger) {}
  [[nodiscard]] bool keep(fapilog::event const& e) const { return e.logger == logger_; }

 private:
  std::string logger_;
};

fapilog::registry plugins() {
  fapilog::registry all = fapilog::builtin_plugins();
  all.add_filter(
      fapilog::create_plugin_metadata("only_logger", "1.0.0", fapilog::plugin_type::filter, "only_logger"),
      fapilog::plugin<only_logger, only_logger_config>());
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  std::string_view const argument = argc == 2 ? argv[1] : "";
  if (argument.empty()) {
    std::cerr << "usage: settings FILE | settings --schema\n";
    return 2;
  }
  if (argument == "--schema") {
    std::cout << fapilog::settings_schema(plugins());
    return 0;
  }
  try {
    auto options =
        fapilog::settings::from_file(std::string{argument}, plugins()).with_environment().options();
    options.version = "1.0.0";  // code overrides text
    fapilog::runtime const rt{std::move(options)};
    rt.get_logger("billing").debug("charged", kv("order", 1001));
    rt.get_logger("http").error("dropped by the filter");
  } catch (fapilog::settings_error const& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
