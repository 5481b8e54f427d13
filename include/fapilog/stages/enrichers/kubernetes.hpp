// SPDX-License-Identifier: MIT
// Adds the pod that the record comes from, as the Kubernetes downward API passes it in environment variables.
#pragma once

#include <fapilog/detail/os/system.hpp>
#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/setting.hpp>
#include <fapilog/stages/enricher.hpp>
#include <fapilog/stages/enrichers/detail/prepared_texts.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::enrichers {

struct kubernetes_config {
  /// Prefix of each key.
  std::string prefix = "k8s_";
  /// True adds nothing outside Kubernetes. False adds whatever the variables contain.
  bool skip_if_not_k8s = true;
  /// Names of the environment variables.
  std::string pod_name_env = "POD_NAME";
  std::string pod_namespace_env = "POD_NAMESPACE";
  std::string node_name_env = "NODE_NAME";
  std::string container_name_env = "CONTAINER_NAME";
  std::string cluster_name_env = "CLUSTER_NAME";

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    visit(setting{.name = "prefix", .text = "Prefix of each key."}, self.prefix);
    visit(setting{.name = "skip_if_not_k8s", .text = "True: adds nothing outside Kubernetes."},
          self.skip_if_not_k8s);
    visit(setting{.name = "pod_name_env", .text = "Variable with the pod's name."}, self.pod_name_env);
    visit(setting{.name = "pod_namespace_env", .text = "Variable with the pod's namespace."},
          self.pod_namespace_env);
    visit(setting{.name = "node_name_env", .text = "Variable with the node's name."}, self.node_name_env);
    visit(setting{.name = "container_name_env", .text = "Variable with the container's name."},
          self.container_name_env);
    visit(setting{.name = "cluster_name_env", .text = "Variable with the cluster's name."},
          self.cluster_name_env);
  }
};

}  // namespace fapilog::inline v0_1::enrichers

namespace fapilog::inline v0_1::detail {
/// The workload that a pod belongs to, derived from the way in which controllers name pods: `shop` for
/// `shop-5d59d67564-x7k2p` (Deployment), `shop-3` (StatefulSet) and `shop-x7k2p` (DaemonSet, Job). Empty if the name has
/// none of these forms. This is a guess: a pod that was named by hand may have such a name, too. Throws: never.
[[nodiscard]] inline std::string_view deployment_of_pod(std::string_view pod) noexcept {
  // The alphabet of Kubernetes' random names; older versions wrote hashes as hexadecimal digits.
  constexpr std::string_view drawn = "bcdfghjklmnpqrstvwxz2456789";
  auto const is_made_of = [](std::string_view text, std::string_view characters) {
    return !text.empty() && text.find_first_not_of(characters) == std::string_view::npos;
  };
  auto const split = [](std::string_view text) {
    std::size_t const at = text.rfind('-');
    return at == std::string_view::npos ? std::pair{std::string_view{}, text}
                                        : std::pair{text.substr(0, at), text.substr(at + 1)};
  };
  auto const [name, last] = split(pod);
  if (name.empty()) return {};
  if (is_made_of(last, "0123456789")) return name;
  if (last.size() != 5 || !is_made_of(last, drawn)) return {};
  auto const [deployment, hash] = split(name);
  bool const has_hash = !deployment.empty() && hash.size() >= 8 && hash.size() <= 10 &&
                        (is_made_of(hash, drawn) || is_made_of(hash, detail::hex_digits));
  return has_hash ? deployment : name;
}
}  // namespace fapilog::inline v0_1::detail

namespace fapilog::inline v0_1::enrichers {

/// Adds `pod`, `namespace`, `node`, `container`, `cluster` and `deployment` to `diagnostics`, each with the prefix. A
/// variable that is not set adds nothing. The process runs in Kubernetes if KUBERNETES_SERVICE_HOST or the pod's variable
/// is set. The environment is read once, in the constructor. Thread: the worker's.
class kubernetes {
 public:
  explicit kubernetes(kubernetes_config const& config = {}) : added_(read(config)) {}

  [[nodiscard]] static constexpr std::string_view name() noexcept { return "kubernetes"; }
  void enrich(event& e) {
    if (!added_.texts().empty()) e.diagnostics.set_prepared(added_.prepare(e));
  }

 private:
  static std::vector<std::pair<std::string, std::string>> read(kubernetes_config const& config) {
    auto const variable = [](std::string const& name) { return detail::environment(name.c_str(), ""); };
    std::string const pod = variable(config.pod_name_env);
    std::vector<std::pair<std::string, std::string>> all;
    if (config.skip_if_not_k8s && pod.empty() && variable("KUBERNETES_SERVICE_HOST").empty()) return all;
    auto const add = [&](std::string_view key, std::string value) {
      if (!value.empty()) all.emplace_back(config.prefix + std::string{key}, std::move(value));
    };
    add("pod", pod);
    add("namespace", variable(config.pod_namespace_env));
    add("node", variable(config.node_name_env));
    add("container", variable(config.container_name_env));
    add("cluster", variable(config.cluster_name_env));
    add("deployment", std::string{detail::deployment_of_pod(pod)});
    return all;
  }

  detail::prepared_texts added_;
};

}  // namespace fapilog::inline v0_1::enrichers
