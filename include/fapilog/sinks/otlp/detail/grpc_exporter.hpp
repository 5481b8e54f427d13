// SPDX-License-Identifier: MIT
// Calls the logs service of a collector by gRPC, with messages that are encoded already.
#pragma once

#include <fapilog/detail/os/system.hpp>
#include <fapilog/detail/os/whole_file.hpp>
#include <fapilog/detail/text/concat.hpp>
#include <fapilog/sinks/http/detail/credential_source.hpp>
#include <fapilog/sinks/otlp/config.hpp>
#include <fapilog/sinks/otlp/detail/grpc_verdict.hpp>
#include <fapilog/sinks/otlp/detail/metadata_syntax.hpp>

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/channel_arguments.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail::otlp {

/// One call at a time. Thread: one at a time, except `cancel`. Throws: std::bad_alloc.
class grpc_exporter {
 public:
  /// Uses the timeout, the headers, the credential and the TLS files of the configuration. The URL must be valid.
  explicit grpc_exporter(sinks::otlp_config const& config)
      : connection_(config.connection),
        credential_(connection_.credential),
        is_compressed_(connection_.compression != sinks::http_compression::none) {
    std::string_view rest = config.url;
    is_secure_ = equals_ignoring_case(rest.substr(0, 6), "https:");
    rest.remove_prefix(rest.find("//") + 2);
    peer_ = rest.substr(0, rest.find_first_of("/?"));
    if (peer_.find(':', peer_.find(']') + 1) == std::string::npos) peer_ += ":4317";
  }
  grpc_exporter(grpc_exporter const&) = delete;
  grpc_exporter& operator=(grpc_exporter const&) = delete;
  ~grpc_exporter() { close(); }

  /// Calls Export. Throws: std::runtime_error if a file or the credential cannot be used, or in a forked child.
  [[nodiscard]] grpc_result call(std::string const& body) {
    open();
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + connection_.timeout);
    for (std::string const& header : connection_.headers) add(context, header);
    if (std::string const& header = credential_.header(); !header.empty()) {
      if (!is_metadata(header)) throw std::runtime_error{"the credential is not printable ASCII"};
      add(context, header);
    }
    if (is_compressed_) context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
    {
      std::lock_guard const lock{mutex_};
      if (is_cancelled_) return {.code = grpc_code::cancelled};
      current_ = &context;
    }
    grpc::Slice slice{body};
    grpc::ByteBuffer const request{&slice, 1};
    grpc::ByteBuffer response;
    grpc::Status status;
    auto const pending = link_->stub.PrepareUnaryCall(
        &context, "/opentelemetry.proto.collector.logs.v1.LogsService/Export", request, &link_->queue);
    pending->StartCall();
    pending->Finish(&response, &status, this);
    void* tag = nullptr;
    bool ok = false;
    (void)link_->queue.Next(&tag, &ok);  // the deadline ends it
    {
      std::lock_guard const lock{mutex_};
      current_ = nullptr;
    }
    grpc_result result{.code = static_cast<int>(status.error_code()),
                       .message = status.error_message(),
                       .details = status.error_details()};
    if (std::vector<grpc::Slice> parts; status.ok() && response.Dump(&parts).ok()) {
      for (grpc::Slice const& part : parts)
        result.response.append(reinterpret_cast<char const*>(part.begin()), part.size());
    }
    // A connection that does not answer is not used again; files of TLS may be other ones now.
    bool const is_fresh_needed =
        result.code == grpc_code::deadline_exceeded || (result.code == grpc_code::unavailable && is_secure_);
    if (is_fresh_needed) close();
    return result;
  }

  /// Ends the call in flight and lets later ones fail at once, until `resume`. Thread: any.
  void cancel() noexcept {
    std::lock_guard const lock{mutex_};
    is_cancelled_ = true;
    if (current_ != nullptr) current_->TryCancel();
  }
  void resume() noexcept {
    std::lock_guard const lock{mutex_};
    is_cancelled_ = false;
  }
  void close() noexcept {
    if (!link_) return;
    if (process_ != process_id()) {  // gRPC's threads are those of the parent: it must not wait for them
      (void)link_.release();
      return;
    }
    link_.reset();
  }
  [[nodiscard]] bool is_compressed() const noexcept { return is_compressed_; }
  void stop_compressing() noexcept { is_compressed_ = false; }
  /// `host:port`, for messages.
  [[nodiscard]] std::string const& peer() const noexcept { return peer_; }

 private:
  struct link {
    explicit link(std::shared_ptr<grpc::Channel> const& channel) : stub(channel) {}
    ~link() {
      queue.Shutdown();
      void* tag = nullptr;
      bool ok = false;
      while (queue.Next(&tag, &ok)) {
      }
    }
    grpc::GenericStub stub;
    grpc::CompletionQueue queue;
  };

  static void add(grpc::ClientContext& context, std::string const& header) {
    auto const [name, value] = split_metadata(header);
    context.AddMetadata(name, value);
  }

  void open() {
    if (process_ == 0) process_ = process_id();
    if (process_ != process_id())
      throw std::runtime_error{"gRPC cannot be used in a forked child of a process that has used it"};
    if (link_) return;
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // a new channel is a new connection
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 200);
    // gRPC reads it as the time that a connection may take at least.
    arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, static_cast<int>(connection_.timeout.count()));
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2'000);
    link_ = std::make_unique<link>(grpc::CreateCustomChannel("dns:///" + peer_, credentials(), arguments));
  }
  [[nodiscard]] std::shared_ptr<grpc::ChannelCredentials> credentials() const {
    if (!is_secure_) return grpc::InsecureChannelCredentials();
    auto const content = [](std::string const& path) {
      if (path.empty()) return std::string{};
      whole_file found = read_whole_file(path, std::size_t{1} << 20);
      if (!found.error.empty()) throw std::runtime_error{concat({"the file '", path, "': ", found.error})};
      return std::move(found.text);
    };
    return grpc::SslCredentials({content(connection_.tls.ca_file), content(connection_.tls.key_file),
                                 content(connection_.tls.certificate_file)});
  }

  sinks::http_connection_config connection_;
  credential_source credential_;
  bool is_secure_ = false;
  bool is_compressed_;
  std::string peer_;
  std::int64_t process_ = 0;  ///< that of the first call
  std::unique_ptr<link> link_;
  std::mutex mutex_;
  grpc::ClientContext* current_ = nullptr;
  bool is_cancelled_ = false;
};

}  // namespace fapilog::inline v0_1::detail::otlp
