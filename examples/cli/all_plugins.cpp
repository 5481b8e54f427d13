// SPDX-License-Identifier: MIT
// The sinks and stages that the tool knows.
#include "all_plugins.hpp"

#include <fapilog/plugins/builtins.hpp>
#include <fapilog/plugins/journald.hpp>
#include <fapilog/plugins/syslog.hpp>
#ifdef FAPILOG_CLI_WITH_HTTP
#include <fapilog/plugins/http.hpp>
#ifdef FAPILOG_WITH_ZSTD
#include <fapilog/sinks/http/zstd.hpp>
#endif
#endif
#ifdef FAPILOG_CLI_WITH_KAFKA
#include <fapilog/plugins/kafka.hpp>
#endif
#ifdef FAPILOG_CLI_WITH_NATS
#include <fapilog/plugins/nats.hpp>
#endif
#ifdef FAPILOG_CLI_WITH_POSTGRES
#include <fapilog/plugins/postgres.hpp>
#endif
#ifdef FAPILOG_CLI_WITH_TLS
#include <fapilog/plugins/syslog_tls.hpp>
#endif

namespace cli {

fapilog::registry all_plugins() {
  fapilog::registry all = fapilog::builtin_plugins();
  fapilog::add_journald(all);
  fapilog::add_syslog(all);
#ifdef FAPILOG_CLI_WITH_HTTP
  fapilog::add_http(all);
#endif
#ifdef FAPILOG_CLI_WITH_KAFKA
  fapilog::add_kafka(all);
#endif
#ifdef FAPILOG_CLI_WITH_NATS
  fapilog::add_nats(all);
#endif
#ifdef FAPILOG_CLI_WITH_POSTGRES
  fapilog::add_postgres(all);
#endif
#ifdef FAPILOG_CLI_WITH_TLS
  fapilog::add_syslog_tls(all);
#endif
  return all;
}

}  // namespace cli
