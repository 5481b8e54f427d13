#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs an example and checks its output.

usage: check_output.py EXAMPLE PROGRAM [ARGUMENT]...

ARGUMENT is the settings file for `settings`, the log for `access_log`, the script for `clickhouse` and `postgres`, and the
script and a destination for `destinations`. The status is 77 if the counterpart of the destination is missing.
"""
import collections
import datetime
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
MILLISECONDS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def require(truth, what):
    if not truth:
        raise AssertionError(what)


def same(found, wanted, what):
    """Compares as JSON: 1, 1.0 and true differ, the order of members does not matter."""
    equal = json.dumps(found, sort_keys=True) == json.dumps(wanted, sort_keys=True)
    require(equal, f"{what}: found {found!r}, wanted {wanted!r}")


def is_a(kind, value, what):
    require(type(value) is kind, f"{what} is {value!r}, wanted a value of type {kind.__name__}")


def strict_json(text):
    def members(pairs):
        require(len({key for key, _ in pairs}) == len(pairs), f"a key occurs twice in {text!r}")
        return dict(pairs)

    def reject_constant(word):
        raise AssertionError(f"{word} is not JSON: {text!r}")

    return json.loads(text, object_pairs_hook=members, parse_constant=reject_constant)


def run(*command, stdin=b"", status=0, stdout=subprocess.PIPE, variables=None):
    """Runs a program to its end: (lines of stdout, text of stderr)."""
    environment = {**os.environ, **variables} if variables else None
    done = subprocess.run(command, input=stdin, stdout=stdout, stderr=subprocess.PIPE, timeout=120, check=False,
                          env=environment)
    errors = done.stderr.decode("utf-8")
    require(done.returncode == status, f"{command}: status {done.returncode}, wanted {status}; stderr: {errors}")
    text = (done.stdout or b"").decode("utf-8")
    require(text == "" or text.endswith("\n"), "the last line has no newline")
    return text.split("\n")[:-1], errors


def records(lines, logger):
    """The `log` member of each line, after checking its required members."""
    logs = []
    for line in lines:
        envelope = strict_json(line)
        same(sorted(envelope), ["log", "schema_version"], "members of the envelope")
        same(envelope["schema_version"], "1.1", "schema_version")
        log = envelope["log"]
        same(sorted(log), ["context", "data", "diagnostics", "level", "logger", "message", "timestamp"],
             "members of log")
        same(log["logger"], logger, "logger")
        same(log["diagnostics"]["origin"], "native", "origin")
        is_a(int, log["diagnostics"]["pid"], "pid")
        require(MILLISECONDS.fullmatch(log["timestamp"]), f"timestamp {log['timestamp']!r}")
        require(UUID7.fullmatch(log["context"]["message_id"]), f"message_id {log['context']['message_id']!r}")
        require("correlation_id" in log["context"], "there is no correlation_id")
        logs.append(log)
    ids = [log["context"]["message_id"] for log in logs]
    require(len(set(ids)) == len(ids), "two records have one message_id")
    return logs


def context_of(log):
    """The context beyond what every record has."""
    return {key: value for key, value in log["context"].items() if key not in ("message_id", "correlation_id")}


def quickstart(program):
    lines, errors = run(program)
    logs = records(lines, "billing")
    same(errors, "", "stderr")
    same([(log["level"], log["message"], context_of(log), log["data"]) for log in logs], [
        ("INFO", "user logged in", {"user_id": "42"}, {"ip": "203.0.113.7"}),
        ("WARNING", "took 350ms after 3 tries", {}, {"order": 1001}),
        ("ERROR", "charge failed", {}, {"order": 1001}),
        ("INFO", "charged", {"request_id": "r-7", "tenant_id": "acme"}, {"amount": 19.99, "retried": True}),
    ], "records")
    same(logs[3]["context"]["correlation_id"], "r-7", "correlation_id")
    thrown = logs[2]["diagnostics"]["exception"]
    same((thrown["error.type"], thrown["error.message"]), ("std::runtime_error", "card declined"), "exception")


def custom_sink(program):
    lines, errors = run(program)
    same([(log["level"], log["data"]) for log in records(lines, "shop")],
         [("ERROR" if order % 5 == 0 else "INFO", {"order": order}) for order in range(1, 11)], "records")
    same(errors, "INFO 8\nERROR 2\n", "what the sink counted")


def check_orders(logs, messages, outside):
    """Each order has each message once, with its own context; the message `outside` occurs once, without context."""
    alone = [log for log in logs if log["message"] == outside]
    same([(context_of(log), log["data"]) for log in alone], [({}, {})], outside)
    seen = collections.defaultdict(list)
    for log in logs:
        if log["message"] == outside:
            continue
        order = log["data"]["order"]
        same(log["data"], {"order": order, "channel": "web"}, "data")
        same(context_of(log), {"request_id": str(order)}, f"context of order {order}")
        same(log["context"]["correlation_id"], str(order), f"correlation_id of order {order}")
        seen[order].append(log["message"])
    same({order: sorted(texts) for order, texts in seen.items()},
         {order: sorted(messages) for order in (101, 102, 103)}, "messages of each order")


def threads_of(logs, message):
    return {log["diagnostics"]["thread_id"] for log in logs if log["message"] == message}


def context_threads(program):
    lines, errors = run(program)
    logs = records(lines, "orders")
    same(errors, "", "stderr")
    check_orders(logs, ["order accepted", "card charged", "receipt sent"], outside="cache cleaned")
    main_thread = threads_of(logs, "order accepted")
    same(len(main_thread), 1, "threads that accept")
    for message in ("card charged", "receipt sent", "cache cleaned"):
        require(not threads_of(logs, message) & main_thread, f"'{message}' ran on the main thread")


def context_coroutine(program):
    lines, errors = run(program)
    logs = records(lines, "orders")
    same(errors, "", "stderr")
    check_orders(logs, ["order accepted", "stock checked", "card charged"], outside="all accepted")
    threads = [threads_of(logs, message) for message in ("order accepted", "stock checked", "card charged")]
    same([len(each) for each in threads], [1, 1, 1], "threads of each step")
    same(len(set.union(*threads)), 3, "threads of all steps")


def presets(program):
    lines, errors = run(program)
    settings = {name: strict_json(text) for name, text in (line.split(" ", 1) for line in lines[:-1])}
    same(list(settings), ["adaptive", "dev", "hardened", "minimal", "production", "serverless"], "presets")
    same(settings["adaptive"], settings["production"], "adaptive")
    for name, each in settings.items():
        core = each["core"]
        same(core["log_level"], "DEBUG" if name == "dev" else "INFO", f"log_level of {name}")
        is_a(int, core["batch_max_size"], f"batch_max_size of {name}")
        require(core["when_full"] in ("drop", "wait"), f"when_full of {name}: {core['when_full']!r}")
        same(each["sink_config"]["postgres"]["create_table"], name not in ("adaptive", "hardened", "production"),
             f"create_table of {name}")
        same("rotating_file" in core["sinks"], name == "hardened", f"rotating_file of {name}")
    (log,) = records(lines[-1:], "setup")
    same((log["level"], log["message"]), ("DEBUG", "runtime started"), "record")
    same(log["data"]["allow_ddl"], False, "allow_ddl")
    require("'prodction'" in errors, f"stderr does not name the unknown preset: {errors!r}")
    for name in settings:
        require(re.search(rf"\b{name}\b", errors), f"stderr does not name the preset {name}: {errors!r}")


def settings(program, path):
    lines, errors = run(program, path)
    (log,) = records(lines, "billing")
    same((log["level"], log["message"], log["data"]), ("DEBUG", "charged", {"order": 1001}), "record")
    same((log["diagnostics"]["service"], log["diagnostics"]["version"]), ("shop", "1.0.0"), "diagnostics")
    same(errors.split("\n")[:-1], lines, "the copy on stderr")

    # The environment overrides the file.
    lines, errors = run(program, path, variables={"FAPILOG_CORE__SINKS": "stdout_json", "FAPILOG_CORE__SERVICE": "test"})
    (log,) = records(lines, "billing")
    same(log["diagnostics"]["service"], "test", "service")
    same(errors, "", "stderr")

    # All mistakes are reported together.
    wrong = {"FAPILOG_CORE__BATCH_MAX_SZE": "5", "FAPILOG_FILTER_CONFIG__BILLING_ONLY__LOGER": "x"}
    lines, errors = run(program, path, status=1, variables=wrong)
    same(lines, [], "records")
    same(errors, "fapilog: core.batch_max_sze: unknown setting; did you mean FAPILOG_CORE__BATCH_MAX_SIZE? "
                 "[FAPILOG_CORE__BATCH_MAX_SZE]\n"
                 "fapilog: filter_config.billing_only.loger: unknown setting; did you mean "
                 "FAPILOG_FILTER_CONFIG__BILLING_ONLY__LOGGER? [FAPILOG_FILTER_CONFIG__BILLING_ONLY__LOGER]\n", "stderr")
    _, errors = run(program, path + ".missing", status=1)
    require("cannot be read" in errors, f"stderr does not name the missing file: {errors!r}")

    lines, _ = run(program, "--schema")
    schema = strict_json("\n".join(lines))
    require("only_logger" in schema["properties"]["filter_config"]["properties"], "the schema lacks the filter")
    run(program, status=2)


class Server:
    """The example, listening at a free port. Leaving the block ends it with SIGTERM; `lines` and `errors` are its output."""

    def __init__(self, *command):
        self.command = command

    def __enter__(self):
        self.stdout = tempfile.TemporaryFile()
        self.process = subprocess.Popen([*self.command, "--port", "0"], stdout=self.stdout, stderr=subprocess.PIPE)
        self.errors = ""
        while not self.errors.startswith("listening"):  # diagnostics may come before it
            line = self.process.stderr.readline().decode("utf-8")
            require(line != "", "the server has ended")
            self.errors = line
        self.address = self.errors.split()[-1]
        return self

    def __exit__(self, kind, *_):
        self.process.send_signal(signal.SIGTERM if kind is None else signal.SIGKILL)
        self.errors += self.process.communicate(timeout=60)[1].decode("utf-8")
        self.stdout.seek(0)
        self.lines = self.stdout.read().decode("utf-8").split("\n")[:-1]
        self.stdout.close()
        if kind is None:
            same(self.process.returncode, 0, f"status; stderr: {self.errors}")

    def fetch(self, path, method="GET", data=None):
        """(status, headers, text of the body)"""
        request = urllib.request.Request(self.address + path, method=method, data=data)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.headers, answer.read().decode("utf-8")
        except urllib.error.HTTPError as answer:
            return answer.code, answer.headers, answer.read().decode("utf-8")

    def connect(self):
        return socket.create_connection(("127.0.0.1", int(self.address.rsplit(":", 1)[1])), timeout=60)

    def send(self, data):
        """The answer to these bytes."""
        with self.connect() as connection:
            connection.sendall(data)
            return rest_of(connection)


def rest_of(connection):
    received = b""
    while True:
        piece = connection.recv(65536)
        if not piece:
            return received
        received += piece


def samples_of(text):
    """The samples of a page in Prometheus' format, after checking that each has HELP and TYPE."""
    known, samples = {}, {}
    for line in text.splitlines():
        if line.startswith("# "):
            _, word, name, what = line.split(" ", 3)
            known.setdefault(name, {})[word] = what
            continue
        series, value = line.rsplit(" ", 1)
        require(series not in samples, f"{series} occurs twice")
        samples[series] = float(value)
        name = series.split("{")[0]
        family = known.get(name) or known.get(re.sub("_(bucket|sum|count)$", "", name), {})
        same(sorted(family), ["HELP", "TYPE"], f"comments of {name}")
        require(family["TYPE"] in ("counter", "gauge", "histogram"), f"type of {name}")
    return samples


def metrics_server(program):
    with Server(program) as server, server.connect() as silent:
        status, headers, text = server.fetch("/metrics?a=b")
        same((status, headers["Content-Type"]), (200, "text/plain; version=0.0.4; charset=utf-8"), "/metrics")
        require("fapilog_events_submitted_total" in samples_of(text), f"/metrics lacks a counter: {text}")
        deadline = time.monotonic() + 60
        delivered = 'fapilog_sink_records_total{sink="stdout_json",result="delivered"}'
        while samples_of(server.fetch("/metrics")[2])[delivered] < 2:
            require(time.monotonic() < deadline, "no records are delivered")
            time.sleep(0.02)

        status, headers, text = server.fetch("/healthz")
        same((status, headers["Content-Type"]), (200, "application/json"), "/healthz")
        same(strict_json(text), {"healthy": True, "sinks": [{"name": "stdout_json", "healthy": True, "detail": ""}]},
             "/healthz")

        status, headers, body = server.fetch("/healthz", method="HEAD")
        same((status, headers["Content-Length"], body), (200, str(len(text)), ""), "HEAD")
        same(server.fetch("/nowhere")[0], 404, "GET of another path")
        same(server.fetch("/metrics", method="POST", data=b"x")[0], 404, "POST")
        require(server.send(b"no request\r\n\r\n").startswith(b"HTTP/1.1 400 "), "the answer to what is no request")
        with server.connect() as gone:  # a client that closes in the middle of a request does no harm
            gone.sendall(b"GET /metrics")
        require(rest_of(silent) == b"", "a client that sends nothing gets an answer")
        same(server.fetch("/healthz")[0], 200, "/healthz after all that")
    logs = records(server.lines, "metrics_server")
    same(sorted({log["message"] for log in logs}), ["order paid"], "messages")
    same([log["data"]["order"] for log in logs], list(range(1, len(logs) + 1)), "orders")
    require(server.errors.endswith(f"\n{len(logs)} of {len(logs)} records written\n"), f"stderr: {server.errors!r}")

    # The file sink cannot start while its path is a directory, and recovers when the directory is removed.
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "app.log")
        os.mkdir(path)
        with Server(program, "--file", path) as server:
            deadline = time.monotonic() + 60
            while server.fetch("/healthz")[0] != 503:
                require(time.monotonic() < deadline, "a sink that cannot start is not reported")
                time.sleep(0.02)
            health = strict_json(server.fetch("/healthz")[2])
            same((health["healthy"], [(s["name"], s["healthy"]) for s in health["sinks"]]),
                 (False, [("stdout_json", True), ("rotating_file", False)]), "/healthz")
            require("app.log" in health["sinks"][1]["detail"], f"what is wrong: {health!r}")
            os.rmdir(path)
            while server.fetch("/healthz")[0] != 200:
                require(time.monotonic() < deadline, "a sink that works again is still reported")
                time.sleep(0.02)
            same(strict_json(server.fetch("/levels")[2]), [{"loggers": "*", "level": "INFO"}], "/levels")
            wanted = "/levels?loggers=db.*&level=debug&seconds="
            status, _, text = server.fetch(wanted + "600", method="PUT")
            rule = strict_json(text)[1]
            same((status, rule["loggers"], rule["level"]), (200, "db.*", "DEBUG"), "PUT /levels")
            require(0 < rule["seconds"] <= 600, f"PUT /levels: {rule!r}")
            for wrong in ("/levels", wanted + "x", wanted + "3601", wanted.replace("debug", "loud") + "60"):
                same(server.fetch(wrong, method="PUT")[0], 400, wrong)
        with open(path, encoding="utf-8") as file:
            lines = file.read().splitlines()
        changes = [line for line in lines if "A level was changed" in line]
        same(len(changes), 1, "records of changed levels")
        same(strict_json(changes[0])["log"]["data"]["changed_by"], "127.0.0.1", "who changed the level")
        require(records([line for line in lines if line not in changes], "metrics_server"), "the file has no records")

    for wrong in (["--port"], ["--port", "65536"], ["--port", "x"], ["--prt", "1"]):
        run(program, *wrong, status=2)
    _, errors = run(program, "--address", "nowhere", status=1)
    same(errors, "metrics_server: cannot listen at nowhere:9464\n", "stderr")
    lines, _ = run(program, "--help")
    require(lines[0].startswith("usage: metrics_server"), "--help")


TEXT = r'(?:[^"\\]|\\.)*'
COMBINED = re.compile(
    r'(?P<client>[^ ]+) [^ ]+ (?P<user>[^ ]+) \[(?P<time>[^\]]+)\] "(?P<line>TEXT)" (?P<status>\d{3}) '
    r'(?P<bytes>\d+|-) "(?:(?P<referrer>TEXT)"(?: "(?:(?P<user_agent>TEXT)"|(?P<cut_user_agent>TEXT\\?)))?'
    r'|(?P<cut_referrer>TEXT\\?))'
    .replace("TEXT", TEXT).encode())
REQUEST_LINE = re.compile(r"([A-Z_-]+) (.*?)(?: (HTTP/(?:(?! HTTP/).)*))?")


def wanted_record(line):
    """(level, message, data) of a line of the log, parsed independently of the example."""
    found = COMBINED.fullmatch(line[:-1] if line.endswith(b"\r") else line)
    if not found:
        return "WARNING", "line is not in the combined format", {"line": line.decode("utf-8", "replace")}
    part = {key: value.decode("utf-8", "replace") for key, value in found.groupdict().items() if value is not None}

    def text(key):
        value = part.get(key, part.get("cut_" + key))
        return None if value == "-" else value

    time = datetime.datetime.strptime(part["time"], "%d/%b/%Y:%H:%M:%S %z").astimezone(datetime.timezone.utc)
    request = REQUEST_LINE.fullmatch(part["line"])
    method, path, protocol = request.groups() if request else (None, None, None)
    status = int(part["status"])
    return ("ERROR" if status >= 500 else "WARNING" if status >= 400 else "INFO", f"{part['line']} -> {status}", {
        "client": part["client"],
        "user": text("user"),
        "requested_at": time.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "method": method,
        "path": path,
        "protocol": protocol,
        "status": status,
        "bytes": 0 if part["bytes"] == "-" else int(part["bytes"]),
        "referrer": text("referrer"),
        "user_agent": text("user_agent"),
    })


def check_access_log(source, lines, errors, threads):
    """Every line of the source has its record, and the account agrees."""
    wanted = [wanted_record(line) for line in source]
    logs = records(lines, "access_log")
    same(len(logs), len(source), "records")
    logs.sort(key=lambda log: int(log["context"]["request_id"]))
    for number, (log, (level, message, data)) in enumerate(zip(logs, wanted), 1):
        where = f"line {number}"
        same(context_of(log), {"request_id": str(number)}, f"{where}: context")
        same((log["level"], log["message"]), (level, message), where)
        same(list(log["data"]), list(data), f"{where}: keys")
        for key, value in data.items():
            same(log["data"][key], value, f"{where}: {key}")
    same(sum(log["data"].get("bytes", 0) for log in logs), sum(data.get("bytes", 0) for _, _, data in wanted),
         "sum of bytes")

    count = len(source)
    unreadable = sum("line" in data for _, _, data in wanted)
    same(errors.count("\n"), 1, f"lines on stderr: {errors!r}")
    start = (f"access_log: {count} lines, {unreadable} of them not in the combined format, {threads} threads: "
             f"submitted {count} = processed {count} + filtered 0 + dropped 0 "
             "(queue_full 0, closed 0, no_memory 0, reentrant 0) + failed 0 + pending 0; retried 0, ")
    require(errors.startswith(start) and errors.endswith(", complete, balanced\n"), f"the account is {errors!r}")


def access_log(program, log):
    with open(log, "rb") as file:
        text = file.read()
    source = text.split(b"\n")
    if source[-1] == b"":
        source.pop()

    check_access_log(source, *run(program, log), threads=4)
    check_access_log(source, *run(program, "--threads", "1", log), threads=1)
    check_access_log(source, *run(program, "--threads", "8", stdin=text), threads=8)
    check_access_log([], *run(program, "-"), threads=4)
    many = source * 200  # without a newline at the end
    check_access_log(many, *run(program, stdin=b"\n".join(many)), threads=4)
    start = b'192.0.2.1 - - [01/Jan/2026:00:00:00 +0000] '
    odd = [
        b"",
        b"192.0.2.1",
        start + b'"GET / HTTP/1.1',
        start + b'"GET / HTTP/1.1" 200 1',
        start + b'"GET / HTTP/1.1" 200 1 ',
        start + b'"GET / HTTP/1.1" 200 1 "cut',
        start + b'"GET / HTTP/1.1" 200 1 "cut\\',
        start + b'"GET / HTTP/1.1" 200 1 "-"',
        start + b'"GET / HTTP/1.1" 200 1 "-" "cut\\\\',
        start + b'"GET / HTTP/1.1" 200 1 "-" "cut\\"',
        start + b'"GET / HTTP/1.1" 200 1 "-" "-" more',
        start + b'"GET / HTTP/1.1" 2000 1 "-" "-"',
        start + b'"GET / HTTP/1.1" 200 -1 "-" "-"',
        start + b'"" 200 1 "" "\xff\xfe\\""\r',
        start + b'"GET  HTTP/1.1" 200 1 "-" "\x00\x1b[31m"',
        b'shop.example:443 ' + start + b'"GET / HTTP/1.1" 200 1 "-" "-"',
        b'192.0.2.1 - - [31/Dec/2025:23:59:59 -0130] "get / HTTP/1.1" 599 18446744073709551615 "-" "-"',
    ]
    check_access_log(odd, *run(program, stdin=b"\n".join(odd) + b"\n"), threads=4)

    lines, errors = run(program, "--help")
    require(lines[0].startswith("usage: access_log") and errors == "", "--help")
    for wrong in (["--thread", "2"], ["--threads"], ["--threads", "0"], ["--threads", "2x"], [log, log],
                  [log + ".missing"]):
        run(program, *wrong, status=2)
    with open("/dev/full", "wb") as full:  # nothing can be written: the account and the status report it
        _, errors = run(program, log, status=1, stdout=full)
    require(f" + failed {len(source)} + pending 0;" in errors, f"the account is {errors!r}")


def postgres_ddl(program):
    lines, errors = run(program)
    text = "\n".join(lines)
    require('"id" uuid PRIMARY KEY,' in text and "PARTITION" not in text and errors == "", "plain")
    lines, _ = run(program, "partitioned", "app", "events", "data.order.id:bigint")
    text = "\n".join(lines)
    for wanted in ('CREATE TABLE IF NOT EXISTS "app"."events" (', '"order_id" bigint', 'PARTITION BY RANGE ("timestamp")'):
        require(wanted in text, wanted)
    require("DROP TABLE" in "\n".join(run(program, "partitions")[0]), "partitions")
    _, errors = run(program, "plain", "s" * 64, status=2)
    same(errors, "fapilog: postgres.schema_name: must have at most 63 bytes\n", "a name that is too long")
    run(program, "other", status=2)


def postgres(program, script):
    """Uses a server that the script starts and stops."""
    lines, _ = run(script, variables={"PROGRAM": program})
    same(lines[0], "31 lines, 60 records stored", "what is stored")
    rows = [[cell.strip() for cell in line.split("|")] for line in lines if "|" in line]
    for wanted in (["/cart", "502", "1"], ["2026-03-12 08:00", "28", "21641"], ["60", "60"],
                   ["INFO", "request received", "2001:db8::7", "/products?page=2", ""]):
        require(wanted in rows, f"no row {wanted} in {rows}")


def clickhouse(program, script):
    """Uses a server and a receiver that the script starts and stops."""
    lines, _ = run(script, variables={"PROGRAM": program})
    same(lines[0], "31 records delivered", "what is delivered")
    for wanted in ("OTLP receiver: access_log ERROR 3", "OTLP receiver: access_log INFO 20"):
        require(wanted in lines, f"no line {wanted!r} in {lines}")
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in lines if "│" in line]
    for wanted in (["/cart", "502", "1"], ["31", "31"]):
        require(wanted in rows, f"no row {wanted} in {rows}")


def destinations(program, script, name):
    """Uses a counterpart that the script starts and stops; the script prints what arrived there."""
    done = subprocess.run([script, name], env={**os.environ, "PROGRAM": program}, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=120, check=False)
    text = done.stdout.decode("utf-8")
    if done.returncode == 77:
        print(text)
        sys.exit(77)
    require(done.returncode == 0, f"status {done.returncode}: {text}")
    lines = text.split("\n")
    same(lines[:2], ["3 of 3 records delivered", "== what arrived"], "the account")
    arrived = "\n".join(lines[2:])
    for wanted in ("order 1001 accepted", "order 1002 waits for stock", "order 1003 failed"):
        if "OTLP receiver" not in arrived:  # the one in Python only counts
            require(wanted in arrived, f"no {wanted!r} in {arrived}")
    require(name != "webhook" or "signature valid" in lines, f"the signature: {text}")


EXAMPLES = {check.__name__: check for check in
            (quickstart, custom_sink, context_threads, context_coroutine, presets, settings, metrics_server,
             access_log, clickhouse, destinations, postgres_ddl, postgres)}

if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] not in EXAMPLES:
        sys.exit(__doc__ + "; an example is one of " + ", ".join(EXAMPLES))
    try:
        EXAMPLES[sys.argv[1]](*sys.argv[2:])
    except AssertionError as error:
        sys.exit(f"{sys.argv[1]}: {error}")
