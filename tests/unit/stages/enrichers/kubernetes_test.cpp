// SPDX-License-Identifier: MIT
// The kubernetes enricher: what it adds from the downward API, and when it adds nothing.
#include "support/catch.hpp"
#include "support/files.hpp"
#include "support/logged.hpp"
#include "support/settings.hpp"

#include <fapilog/stages/enrichers/kubernetes.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

using fapilog::detail::deployment_of_pod;
using fapilog::enrichers::kubernetes;
using fapilog::enrichers::kubernetes_config;
using support::environment_variable;

namespace {

/// Sets the variables of a pod for its lifetime, and unsets the others that the enricher reads.
class pod_environment {
 public:
  explicit pod_environment(std::vector<std::pair<char const*, char const*>> const& given) {
    for (auto const* const name : {"KUBERNETES_SERVICE_HOST", "POD_NAME", "POD_NAMESPACE", "NODE_NAME",
                                   "CONTAINER_NAME", "CLUSTER_NAME", "MY_POD"}) {
      char const* value = nullptr;
      for (auto const& [key, text] : given) {
        if (std::string{key} == name) value = text;
      }
      set_.push_back(std::make_unique<environment_variable>(name, value));
    }
  }

 private:
  std::vector<std::unique_ptr<environment_variable>> set_;
};

/// The members whose keys begin with `prefix`.
nlohmann::json members_with(nlohmann::json const& diagnostics, std::string const& prefix) {
  nlohmann::json found = nlohmann::json::object();
  for (auto const& [key, value] : diagnostics.items()) {
    if (key.rfind(prefix, 0) == 0) found[key] = value;
  }
  return found;
}

nlohmann::json added_by(kubernetes_config const& config, std::string const& prefix = "k8s_") {
  support::logged l{{.enrichers = {kubernetes{config}}}};
  l.log.info("first");
  l.log.info("second");
  auto const records = l.records();
  CHECK(records.at(0).at("diagnostics") == records.at(1).at("diagnostics"));
  CHECK(records.at(0).at("diagnostics").at("service") == "fapilog");
  return members_with(records.at(0).at("diagnostics"), prefix);
}

}  // namespace

TEST_CASE("the kubernetes enricher adds what the downward API provides") {
  pod_environment const pod{{{"POD_NAME", "shop-5d59d67564-x7k2p"},
                             {"POD_NAMESPACE", "prod"},
                             {"NODE_NAME", "node-3"},
                             {"CONTAINER_NAME", "api"},
                             {"CLUSTER_NAME", "eu \"1\""}}};
  CHECK(added_by({}) == nlohmann::json{{"k8s_pod", "shop-5d59d67564-x7k2p"},
                                       {"k8s_namespace", "prod"},
                                       {"k8s_node", "node-3"},
                                       {"k8s_container", "api"},
                                       {"k8s_cluster", "eu \"1\""},
                                       {"k8s_deployment", "shop"}});
}

TEST_CASE("a variable that is not set adds nothing") {
  pod_environment const pod{{{"KUBERNETES_SERVICE_HOST", "10.0.0.1"}, {"POD_NAMESPACE", "prod"}}};
  CHECK(added_by({}) == nlohmann::json{{"k8s_namespace", "prod"}});
}

TEST_CASE("outside Kubernetes nothing is added by default") {
  pod_environment const build_server{{{"NODE_NAME", "agent-7"}}};
  CHECK(added_by({}).empty());
  CHECK(added_by({.skip_if_not_k8s = false}) == nlohmann::json{{"k8s_node", "agent-7"}});
}

TEST_CASE("prefix and variables of the kubernetes enricher can be configured") {
  pod_environment const pod{{{"MY_POD", "db-0"}, {"POD_NAME", "no"}, {"CLUSTER_NAME", "c"}}};
  CHECK(added_by({.prefix = "kube.",
                  .pod_name_env = "MY_POD",
                  .pod_namespace_env = "POD_NAME",
                  .node_name_env = "CLUSTER_NAME",
                  .container_name_env = "POD_NAME",
                  .cluster_name_env = "MY_POD"},
                 "kube.") == nlohmann::json{{"kube.pod", "db-0"},
                                            {"kube.namespace", "no"},
                                            {"kube.node", "c"},
                                            {"kube.container", "no"},
                                            {"kube.cluster", "db-0"},
                                            {"kube.deployment", "db"}});
}

TEST_CASE("the workload of a pod is guessed from its name") {
  for (auto const& [pod, workload] : std::vector<std::pair<char const*, char const*>>{
           {"shop-5d59d67564-x7k2p", "shop"},
           {"nginx-deployment-66b6c48dd5-7fml9", "nginx-deployment"},
           {"shop-0a1e9f3c-x7k2p", "shop"},  // a hash in hexadecimal digits
           {"shop-api-7fb96c846b-9wgjh", "shop-api"},
           {"postgres-0", "postgres"},
           {"my-db-12", "my-db"},
           {"fluentd-x7k2p", "fluentd"},
           {"web-frontend-x7k2p", "web-frontend"},  // no hash: it has vowels
           {"web-fgh2bc-x7k2p", "web-fgh2bc"},      // too short for one
           {"shop", ""},
           {"shop-api", ""},
           {"shop-five5", ""},
           {"-x7k2p", ""},
           {"", ""}}) {
    CHECK(deployment_of_pod(pod) == workload);
  }
}

TEST_CASE("the kubernetes enricher reads the environment once") {
  auto pod = std::make_unique<pod_environment>(
      std::vector<std::pair<char const*, char const*>>{{"POD_NAME", "db-0"}});
  kubernetes const enricher;
  pod.reset();
  support::logged l{{.enrichers = {enricher}}};
  l.log.info("x");
  CHECK(l.last().at("diagnostics").at("k8s_pod") == "db-0");
}

TEST_CASE("the kubernetes enricher describes its settings") {
  CHECK(support::names_of_settings<kubernetes_config>() ==
        std::vector<std::string>{"prefix", "skip_if_not_k8s", "pod_name_env", "pod_namespace_env",
                                 "node_name_env", "container_name_env", "cluster_name_env"});
}
