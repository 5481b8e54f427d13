#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes tables, summary.csv and SVG plots from raw.csv of run.sh; with --check, compares fapilog with its targets.

usage: tests/bench/report.py FOLDER [--check | --check-plots]
FOLDER contains raw.csv. With --check nothing is written, and the status is 1 if a target is missed. With --check-plots nothing
is written, and the status is 1 if the SVG plots in FOLDER are not those of its raw.csv.
"""
import argparse
import csv
import math
import statistics
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

TEXT_ONLY = {"glog", "fmtlog", "xtr"}  # write text even if JSON is asked for
GAVE_UP_US = 2e6  # the longest time that the harness waits for a line in a file

SCENARIOS = ["call_latency", "throughput", "json_floor", "stages", "worst_call", "rhythm", "threads",
             "isolated_file", "idle", "slow_sink", "hanging_sink", "bad_neighbours"]


class Results:
    """Values by (scenario, case, metric), then by (logger, config)."""

    def __init__(self, path):
        self.values = defaultdict(lambda: defaultdict(list))
        with open(path, newline="") as file:
            for row in csv.DictReader(file):
                key = (row["scenario"], row["case"], row["metric"])
                self.values[key][row["logger"], row["config"]].append(float(row["value"]))

    def keys(self):
        def order(key):
            return SCENARIOS.index(key[0]) if key[0] in SCENARIOS else len(SCENARIOS)
        return sorted(self.values, key=order)  # stable: in the order of measuring

    def median(self, scenario, case, metric, logger, config=None):
        """The median of the configuration, or of the one with the lowest; None if it was not measured."""
        found = [statistics.median(values)
                 for (name, its_config), values in self.values.get((scenario, case, metric), {}).items()
                 if name == logger and config in (None, its_config)]
        return min(found, default=None)

    def cases(self, scenario, prefix=""):
        return list(dict.fromkeys(case for name, case, _ in self.keys() if name == scenario and case.startswith(prefix)))


# --- tables -------------------------------------------------------------------------------------------------

def number(value):
    if value is None:
        return "-"
    if value == 0:
        return "0"
    size = abs(value)
    if size >= 1000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if size >= 100 else f"{value:.1f}" if size >= 10 else f"{value:.2f}" if size >= 0.1 else f"{value:.2g}"


def ratio(value, base):
    return f"{number(value / base)}x" if base else "-"


def label(logger, config):
    return logger if config == "default" and logger == "fapilog" else f"{logger} {config}"


def rows_of(results):
    """Summary rows, with the ratios to quill's best configuration and to fapilog."""
    for scenario, case, metric in results.keys():
        loggers = results.values[scenario, case, metric]
        quill = results.median(scenario, case, metric, "quill")
        fapilog = results.median(scenario, case, metric, "fapilog")
        for (logger, config), values in sorted(loggers.items(), key=lambda item: statistics.median(item[1])):
            yield {"scenario": scenario, "case": case, "metric": metric, "logger": logger, "config": config,
                   "runs": len(values), "median": statistics.median(values), "min": min(values), "max": max(values),
                   "to_quill": statistics.median(values) / quill if quill else "",
                   "to_fapilog": statistics.median(values) / fapilog if fapilog else ""}


def print_tables(rows):
    part = None
    metric = None
    text_only = False
    for row in rows:
        if part != (row["scenario"], row["case"]):
            part = (row["scenario"], row["case"])
            metric = None
            print(f"\n{row['scenario']}: {row['case']}")
            print(f"  {'metric':20} {'logger':22} {'median':>12} {'min..max':>25} {'to quill':>10} {'to fapilog':>10}")
        name = label(row["logger"], row["config"])
        if "json" in row["case"] and row["logger"] in TEXT_ONLY:
            name += " *"
            text_only = True
        spread = f"{number(row['min'])}..{number(row['max'])}"
        to_quill, to_fapilog = (f"{number(row[key])}x" if row[key] != "" else "-" for key in ("to_quill", "to_fapilog"))
        print(f"  {row['metric'] if metric != row['metric'] else '':20} {name:22} {number(row['median']):>12} {spread:>25} "
              f"{to_quill:>10} {to_fapilog:>10}")
        metric = row["metric"]
    if text_only:
        print("\n* writes the same fields as text, not as JSON")


# --- plots --------------------------------------------------------------------------------------------------

# Readable on light and dark backgrounds.
TEXT = "#768390"
OURS = ["#d9730d", "#eda15a", "#b85c00", "#f3c08f"]
THEIRS = ["#4a86c5", "#8db4dc", "#2f6299", "#b5cfe9"]


def escaped(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def plot(path, title, unit, bars, series):
    """Horizontal bars: `bars` is a list of (label, is ours, values), a value for each of the `series`."""
    bars = [bar for bar in bars if any(value is not None for value in bar[2])]
    if not bars:
        return
    bars.sort(key=lambda bar: next(value for value in bar[2] if value is not None))
    values = [value for bar in bars for value in bar[2] if value is not None and value > 0]
    least, most = (min(values), max(values)) if values else (1, 1)
    is_log = most > 50 * least
    thick, gap, left, width = 16, 10, 170, 480
    top = 58 if len(series) == 1 else 82
    floor = 10 ** math.floor(math.log10(least)) / 2 if is_log else 0

    def length(value):
        if value <= 0:
            return 0
        if is_log:
            return width * math.log(value / floor) / math.log(most / floor)
        return width * value / most

    group = thick * len(series) + gap
    height = top + group * len(bars) + 8
    scale = f"{unit}, logarithmic scale" if is_log else unit
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 110} {height}" '
           f'width="{left + width + 110}" height="{height}" font-family="sans-serif" font-size="12" fill="{TEXT}">',
           f'<title>{escaped(title)}</title>',
           f'<text x="8" y="20" font-size="15" font-weight="bold">{escaped(title)}</text>',
           f'<text x="8" y="38">{escaped(scale)}; shorter is better</text>']
    if len(series) > 1:
        x = 8
        for i, name in enumerate(series):
            out.append(f'<rect x="{x}" y="51" width="10" height="10" fill="{THEIRS[i]}"/>'
                       f'<rect x="{x + 11}" y="51" width="10" height="10" fill="{OURS[i]}"/>'
                       f'<text x="{x + 26}" y="60">{escaped(name)}</text>')
            x += 44 + 7 * len(name)
    for row, (name, is_ours, row_values) in enumerate(bars):
        y = top + row * group
        weight = ' font-weight="bold"' if is_ours else ""
        middle = y + thick * len(series) / 2 + 4
        out.append(f'<text x="{left - 8}" y="{middle:g}" text-anchor="end"{weight}>{escaped(name)}</text>')
        for i, value in enumerate(row_values):
            if value is None:
                continue
            shown = "more than 2 s" if unit == "us" and value >= GAVE_UP_US else number(value)
            bar = length(value)
            colour = (OURS if is_ours else THEIRS)[i]
            out.append(f'<rect x="{left}" y="{y + i * thick}" width="{bar:.1f}" height="{thick - 2}" fill="{colour}"/>'
                       f'<text x="{left + bar + 5:.1f}" y="{y + i * thick + 11}" font-size="11">{shown}</text>')
    out.append(f'<line x1="{left}" y1="{top - 4}" x2="{left}" y2="{height - 8}" stroke="{TEXT}"/>')
    out.append("</svg>")
    path.write_text("\n".join(out) + "\n")


def bars_of(results, columns, json_only=False):
    """A bar for each logger and configuration from these (scenario, case, metric)."""
    loggers = dict.fromkeys(logger for column in columns for logger in results.values.get(column, {}))
    for logger, config in loggers:
        if json_only and logger in TEXT_ONLY or logger == "floor":
            continue
        yield (label(logger, config), logger == "fapilog",
               [results.median(*column, logger, config) for column in columns])


def write_plots(results, folder):
    def draw(name, title, unit, columns, series, json_only=False):
        plot(folder / f"{name}.svg", title, unit, list(bars_of(results, columns, json_only)), series)

    latency = next((case for case in ("json 1 pinned", "json 1 free") if case in results.cases("call_latency")), "json 1 free")
    draw("caller_latency", "Cost of a call: four fields", "ns per call",
         [("call_latency", latency, "burst_p50_ns"), ("call_latency", latency, "burst_p99_ns")], ["p50", "p99"])
    draw("json_throughput", "JSON from the call to the file, one producer", "ns per record",
         [("throughput", "json 1", "total_ns")], ["total"], json_only=True)
    draw("text_throughput", "Text from the call to the file, one producer", "ns per record",
         [("throughput", "num 1", "total_ns")], ["total"])
    draw("growth", "JSON from the call to the file, by number of producers", "ns per record",
         [("throughput", f"json {n}", "total_ns") for n in (1, 2, 4, 8)], [f"{n} producer{'s' * (n > 1)}" for n in (1, 2, 4, 8)],
         json_only=True)
    draw("idle_cpu", "CPU time of an idle logger", "ms per second",
         [("idle", "json", "cpu_ms_per_s")], ["idle"])
    draw("isolated", "A call every 20 ms", "us",
         [("rhythm", "20 ms x 1", "sink_p50_us"), ("isolated_file", "json", "file_p50_us")], ["by the sink", "in the file"])


def check_plots(results, folder):
    with tempfile.TemporaryDirectory() as drawn:
        write_plots(results, Path(drawn))
        wrong = [path.name for path in folder.glob("*.svg")
                 if not (Path(drawn) / path.name).exists() or (Path(drawn) / path.name).read_text() != path.read_text()]
    for name in sorted(wrong):
        print(f"{folder / name}: not the plot of {folder / 'raw.csv'}; run tests/bench/report.py", file=sys.stderr)
    return 1 if wrong else 0


# --- targets ------------------------------------------------------------------------------------------------

class Targets:
    def __init__(self):
        self.missed = []
        self.unmeasured = []
        self.met = 0

    def judge(self, name, value, limit, at_least=False):
        """Prints and counts a target. A `value` of None means that something it needs was not measured."""
        wanted = f"{'at least' if at_least else 'at most'} {number(limit) if limit is not None else '?'}"
        if value is None or limit is None:
            self.unmeasured.append(name)
            print(f"  not measured  {name}: {wanted}")
        elif value >= limit if at_least else value <= limit:
            self.met += 1
            print(f"  met           {name}: {number(value)}, {wanted}")
        else:
            self.missed.append(name)
            print(f"  MISSED        {name}: {number(value)}, {wanted}")


def over(dividend, divisor):
    return None if dividend is None or not divisor else dividend / divisor


def check(results):
    targets = Targets()
    median = results.median

    for message in ("json", "num", "str"):
        for case in results.cases("call_latency", message) or [f"{message} 1 pinned"]:
            for metric in ("burst_p50_ns", "burst_p99_ns"):
                key = ("call_latency", case, metric)
                targets.judge(f"caller latency {case} {metric}, fapilog / quill's best",
                              over(median(*key, "fapilog"), median(*key, "quill")), 1.0)
    for case in results.cases("call_latency", "json") or ["json 1 pinned"]:
        key = ("call_latency", case, "burst_p50_ns")
        targets.judge(f"caller latency {case} burst_p50_ns, spdlog async / fapilog",
                      over(median(*key, "spdlog", "async"), median(*key, "fapilog")), 15, at_least=True)

    json = ("throughput", "json 1", "total_ns")
    text = ("throughput", "num 1", "total_ns")
    targets.judge("JSON throughput, quill / fapilog", over(median(*json, "quill"), median(*json, "fapilog")), 5, at_least=True)
    targets.judge("JSON throughput, spdlog sync / fapilog",
                  over(median(*json, "spdlog", "sync"), median(*json, "fapilog")), 1.3, at_least=True)
    targets.judge("JSON throughput, fapilog / hand-written loop with write",
                  over(median(*json, "fapilog"), median("json_floor", "json", "write_ns", "floor")), 1.3)
    for preset, most in (("production", 1.3), ("hardened", 2)):
        with_stages, without = (median("stages", which, "total_ns", "fapilog", preset) for which in ("with", "without"))
        targets.judge(f"redaction of {preset}, with / without", over(with_stages, without), most)
    targets.judge("text throughput, quill's best / fapilog",
                  over(median(*text, "quill"), median(*text, "fapilog")), 2, at_least=True)
    targets.judge("text throughput, xtr's best / fapilog",
                  over(median(*text, "xtr"), median(*text, "fapilog")), 1, at_least=True)
    for message in ("json", "num"):
        one, eight = (median("throughput", f"{message} {n}", "total_ns", "fapilog") for n in (1, 8))
        targets.judge(f"growth {message}, 8 producers / 1", over(eight, one), 1.15)
    targets.judge("memory at JSON throughput, MB", median("throughput", "json 1", "peak_rss_mb", "fapilog"), 16)

    targets.judge("idle, context switches per second", median("idle", "json", "switches_per_s", "fapilog"), 0)
    # The measuring thread wakes once, too, which is negligible in 10 s.
    targets.judge("idle, CPU ms per second", median("idle", "json", "cpu_ms_per_s", "fapilog"), 0.05)

    for case in results.cases("rhythm"):
        rhythm = ("rhythm", case)
        if case.startswith("400 "):  # the call wakes the worker
            targets.judge("sleeping worker: call to sink, us", median(*rhythm, "sink_p50_us", "fapilog"), 60)
            continue
        for share in ("p50", "p99"):
            targets.judge(f"rhythm {case}, call {share}, fapilog / quill's default",
                          over(median(*rhythm, f"call_{share}_ns", "fapilog"),
                               median(*rhythm, f"call_{share}_ns", "quill", "default")), 1.2)
        targets.judge(f"rhythm {case}, call to sink p50, us", median(*rhythm, "sink_p50_us", "fapilog"), 600)
        targets.judge(f"rhythm {case}, call to sink p99, us", median(*rhythm, "sink_p99_us", "fapilog"), 1200)
    targets.judge("rhythm 20 ms, CPU, fapilog / quill's default",
                  over(median("rhythm", "20 ms x 1", "cpu_ms_per_s", "fapilog"),
                       median("rhythm", "20 ms x 1", "cpu_ms_per_s", "quill", "default")), 0.1)
    targets.judge("memory of each of 2,000 threads that logged once, KiB",
                  median("threads", "2000", "rss_kib_per_thread", "fapilog"), 12)
    targets.judge("isolated call to file, us", median("isolated_file", "json", "file_p50_us", "fapilog"), 1000)
    worst = ("worst_call", "json", "worst_us")
    targets.judge("worst call, quill's best / fapilog", over(median(*worst, "quill"), median(*worst, "fapilog")), 10,
                  at_least=True)

    neighbours = [median("bad_neighbours", "json", metric, "fapilog") for metric in ("p50_ratio", "p99_ratio", "missing_in_file")]
    targets.judge("callers' p50 next to bad sinks / alone", neighbours[0], 1.2)
    targets.judge("callers' p99 next to bad sinks / alone", neighbours[1], 1.2)
    targets.judge("records missing in the file next to bad sinks", neighbours[2], 0)

    print(f"{targets.met} met, {len(targets.missed)} missed, {len(targets.unmeasured)} not measured")
    if targets.missed:
        print("missed: " + "; ".join(targets.missed))
    return 1 if targets.missed or targets.met == 0 else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="with raw.csv")
    parser.add_argument("--check", action="store_true", help="compare with the targets; the status is 1 if one is missed")
    parser.add_argument("--check-plots", action="store_true", help="the status is 1 if an SVG is not made from raw.csv")
    arguments = parser.parse_args()
    raw = arguments.folder / "raw.csv"
    if not raw.exists():
        print(f"{raw} does not exist; run tests/bench/run.sh first", file=sys.stderr)
        return 2
    results = Results(raw)
    if arguments.check:
        return check(results)
    if arguments.check_plots:
        return check_plots(results, arguments.folder)
    rows = list(rows_of(results))
    print_tables(rows)
    if rows:
        with open(arguments.folder / "summary.csv", "w", newline="") as file:
            writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
            writer.writeheader()
            writer.writerows({key: f"{value:.6g}" if isinstance(value, float) else value for key, value in row.items()}
                             for row in rows)
    write_plots(results, arguments.folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
