// SPDX-License-Identifier: MIT
// Tests integrations/glog_sink.hpp with glog itself.
#include <fapilog/integrations/glog_sink.hpp>

// Catch2 has macros of the same names.
namespace {
void log_at_all_levels(int line_of_first[1]) {
  line_of_first[0] = __LINE__ + 1;
  LOG(INFO) << "info " << 1;
  LOG(WARNING) << "warning";
  LOG(ERROR) << "error with\na second line";
}
void log_fatally() { LOG(FATAL) << "the end"; }
}  // namespace
#undef CHECK
#undef LOG
#undef CHECK_THROWS

#include <nlohmann/json.hpp>

#include <csignal>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/child_process.hpp"
#include "support/logged.hpp"

TEST_CASE("a message of glog keeps its text, level, time and place, and the sink goes with its object") {
  FLAGS_stderrthreshold = google::GLOG_FATAL;
  FLAGS_logtostderr = true;
  FLAGS_minloglevel = 0;
  fapilog::options chosen;
  chosen.source_location = true;
  support::logged test{std::move(chosen)};
  int line = 0;
  {
    fapilog::integrations::glog_sink const bridge{test.log};
    log_at_all_levels(&line);
  }
  log_at_all_levels(&line);
  auto const records = test.records();
  REQUIRE(records.size() == 3);
  CHECK(records[0].at("message") == "info 1");
  CHECK(records[0].at("level") == "INFO");
  CHECK(records[0].at("diagnostics").at("line") == line);
  CHECK(records[0].at("diagnostics").at("file").get<std::string>().ends_with("glog_sink_test.cpp"));
  CHECK(records[1].at("level") == "WARNING");
  CHECK(records[2].at("level") == "ERROR");
  CHECK(records[2].at("message") == "error with\na second line");
  CHECK(records[0].at("timestamp").get<std::string>().size() >= std::string{"2023-11-14T22:13:20Z"}.size());
}

TEST_CASE("a fatal message is delivered before glog ends the process") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  int const status = support::status_of_child([&] {
    (void)std::signal(SIGABRT, SIG_DFL);  // not Catch2's handler
    FLAGS_logtostderr = true;
    struct to_pipe {
      void write(fapilog::batch const& entries) const {
        for (auto const& e : entries) (void)!::write(end, e.json.data(), e.json.size());
      }
      int end;
    };
    fapilog::runtime rt{{.sinks = {to_pipe{ends[1]}}}};
    fapilog::integrations::glog_sink const bridge{rt.get_logger("app")};
    log_fatally();
  });
  ::close(ends[1]);
  std::string text(4096, '\0');
  ssize_t const size = ::read(ends[0], text.data(), text.size());
  ::close(ends[0]);
  CHECK(WIFSIGNALED(status));
  REQUIRE(size > 0);
  CHECK(text.find("the end") != std::string::npos);
  CHECK(text.find("CRITICAL") != std::string::npos);
}
