// SPDX-License-Identifier: MIT
// Formats metrics in the text format of Prometheus, version 0.0.4.
#pragma once

#include <fapilog/metrics/metric.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1 {

namespace detail::prometheus {

[[gnu::cold]] inline void put_escaped(std::string& out, std::string_view text, bool in_quotes) {
  for (char const c : text) {
    if (c == '\n') out += "\\n";
    else if (c == '\\' || (in_quotes && c == '"')) (out += '\\') += c;
    else out += c;
  }
}

/// Writes whole numbers without an exponent.
[[gnu::cold]] inline void put_number(std::string& out, double value) {
  constexpr double whole = 9e15;
  char text[40];
  bool const is_whole = value > -whole && value < whole && std::floor(value) >= value;
  int const size = is_whole ? std::snprintf(text, sizeof text, "%lld", static_cast<long long>(value))
                            : std::snprintf(text, sizeof text, "%.17g", value);
  out.append(text, static_cast<std::size_t>(size));
}

[[gnu::cold]] inline void put_sample(std::string& out, std::string_view name, metric const& m,
                                     std::string_view bound, double value) {
  out += name;
  char separator = '{';
  auto const label = [&](std::string_view key, std::string_view text) {
    out += std::exchange(separator, ',');
    out += key;
    out += "=\"";
    put_escaped(out, text, true);
    out += '"';
  };
  for (auto const& [key, text] : m.labels) label(key, text);
  if (!bound.empty()) label("le", bound);
  if (separator == ',') out += '}';
  out += ' ';
  put_number(out, value);
  out += '\n';
}

[[gnu::cold]] inline void put_histogram(std::string& out, metric const& m) {
  for (metric::bucket const& b : m.buckets) {
    char bound[40];
    int const size = std::snprintf(bound, sizeof bound, "%g", b.upper);
    put_sample(out, m.name + "_bucket", m, {bound, static_cast<std::size_t>(size)},
               static_cast<double>(b.count));
  }
  put_sample(out, m.name + "_bucket", m, "+Inf", static_cast<double>(m.count));
  put_sample(out, m.name + "_sum", m, {}, m.value);
  put_sample(out, m.name + "_count", m, {}, static_cast<double>(m.count));
}

}  // namespace detail::prometheus

/// Formats the metrics, grouped by name. Throws: std::bad_alloc. Thread: any.
[[nodiscard, gnu::cold]] inline std::string prometheus_text(metric_list const& metrics) {
  std::vector<metric const*> sorted;
  for (metric const& m : metrics) sorted.push_back(&m);
  std::sort(sorted.begin(), sorted.end(), [](metric const* a, metric const* b) {
    int const order = a->name.compare(b->name);
    return order < 0 || (order == 0 && std::less<>{}(a, b));
  });
  std::string out;
  std::string_view last;
  for (metric const* const entry : sorted) {
    metric const& m = *entry;
    if (m.name != last) {
      out += "# HELP " + m.name + ' ';
      detail::prometheus::put_escaped(out, m.help, false);
      out += "\n# TYPE " + m.name;
      out += m.kind == metric_kind::counter ? " counter\n"
             : m.kind == metric_kind::gauge ? " gauge\n"
                                            : " histogram\n";
      last = m.name;
    }
    if (m.kind == metric_kind::histogram) {
      detail::prometheus::put_histogram(out, m);
    } else {
      detail::prometheus::put_sample(out, m.name, m, {}, m.value);
    }
  }
  return out;
}

/// Formats all metrics of a runtime: the response body for `/metrics`, with content type `text/plain; version=0.0.4`.
template <class Runtime>
  requires requires(Runtime const& rt) { metric_list{rt.metrics()}; }
[[nodiscard]] std::string prometheus_text(Runtime const& rt) { return prometheus_text(rt.metrics()); }

}  // namespace fapilog::inline v0_1
