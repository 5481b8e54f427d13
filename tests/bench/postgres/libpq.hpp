// SPDX-License-Identifier: MIT
// A connection by plain libpq to compare the sink with, and batches like those a sink receives.
#pragma once

#include <fapilog/fapilog.hpp>

#if __has_include(<postgresql/libpq-fe.h>)

#include <chrono>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <postgresql/libpq-fe.h>

namespace support {

/// A connection with one prepared statement.
class libpq {
 public:
  explicit libpq(std::string const& conninfo) : connection_(PQconnectdb(conninfo.c_str())) {}
  libpq(libpq const&) = delete;
  libpq& operator=(libpq const&) = delete;
  ~libpq() { PQfinish(connection_); }

  void run(std::string const& sql) const { done(PQexec(connection_, sql.c_str())); }
  void prepare(std::string const& sql) const { done(PQprepare(connection_, "s", sql.c_str(), 0, nullptr)); }

  /// Executes the statement with parameters in the binary format.
  void execute_binary(std::vector<std::string_view> const& values) const {
    std::vector<char const*> texts;
    std::vector<int> sizes;
    for (std::string_view const value : values) {
      texts.push_back(value.data());
      sizes.push_back(static_cast<int>(value.size()));
    }
    execute(texts, sizes, std::vector<int>(values.size(), 1));
  }
  void execute_texts(std::vector<std::string> const& values) const {
    std::vector<char const*> texts;
    for (std::string const& value : values) texts.push_back(value.c_str());
    execute(texts, std::vector<int>(values.size()), std::vector<int>(values.size()));
  }

 private:
  void execute(std::vector<char const*> const& values, std::vector<int> const& sizes,
               std::vector<int> const& formats) const {
    done(PQexecPrepared(connection_, "s", static_cast<int>(values.size()), values.data(), sizes.data(),
                        formats.data(), 0));
  }
  void done(PGresult* result) const {
    auto const status = PQresultStatus(result);
    PQclear(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
      throw std::runtime_error{PQerrorMessage(connection_)};
  }

  PGconn* connection_;
};

/// The records that `log_some` logs, in batches of `rows_of_batch`.
template <class F>
std::vector<fapilog::batch> batches_of(std::size_t rows_of_batch, F&& log_some) {
  struct keeper {
    void write(fapilog::batch const& entries) { kept->push_back(entries); }
    std::shared_ptr<std::vector<fapilog::batch>> kept = std::make_shared<std::vector<fapilog::batch>>();
  };
  keeper const sink;
  fapilog::runtime rt{{.batch_max_size = rows_of_batch,
                       .batch_timeout = std::chrono::seconds{10},
                       .when_full = fapilog::when_full::block,
                       .sinks = {sink}}};
  log_some(rt.get_logger("shop"));
  if (!rt.flush(std::chrono::seconds{60})) throw std::runtime_error{"the records were not flushed"};
  return *sink.kept;
}

}  // namespace support

#endif
