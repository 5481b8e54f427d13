#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""usage: compare.py ENVELOPES RECEIVED

Compares the lines of a file sink with what receiver.js has decoded, field by field and type by type. Each record must be in
RECEIVED exactly once. Writes the first differences; the status is 0 if there are none.
"""
import base64
import json
import math
import struct
import sys

NAMES = {"file": "code.file.path", "line": "code.line.number", "function": "code.function.name",
         "thread_id": "thread.id", "thread_name": "thread.name"}
RESOURCE = {"service": "service.name", "version": "service.version", "env": "deployment.environment.name",
            "host": "host.name", "pid": "process.pid"}
EXCEPTION = {"error.type": "exception.type", "error.message": "exception.message", "error.cause": "exception.cause"}
SEVERITY = {"DEBUG": 5, "INFO": 9, "WARNING": 13, "ERROR": 17, "CRITICAL": 21, "AUDIT": 12, "SECURITY": 16}


class Attributes(dict):
    """A list of key-values as a dictionary in which no key may occur twice."""

    def __init__(self, pairs):
        super().__init__()
        for pair in pairs or []:
            if pair["key"] in self:
                raise ValueError(f"the attribute {pair['key']!r} occurs twice")
            self[pair["key"]] = pair.get("value", {})


def is_same(expected, received):
    """Whether a value of the envelope is the AnyValue that was received, in content and type."""
    if expected is None:
        return received == {}
    if len(received) != 1:
        return False
    (kind, content), = received.items()
    if isinstance(expected, bool):
        return kind == "boolValue" and content is expected
    if isinstance(expected, int):
        if expected > 2**63 - 1:
            return kind == "stringValue" and content == str(expected)
        return kind == "intValue" and int(content) == expected
    if isinstance(expected, float):
        if kind != "doubleValue":
            return False
        received_float = float(content)
        as_float32 = struct.unpack("f", struct.pack("f", expected))[0] if abs(expected) < 3e38 else expected
        return math.isclose(expected, received_float, rel_tol=1e-15) or received_float == as_float32
    if isinstance(expected, str):
        if kind == "stringValue":
            return content == expected
        if kind == "doubleValue":  # JSON has no number for these
            return expected in ("NaN", "Infinity", "-Infinity") and str(float(content)) == str(float(expected))
        return kind == "bytesValue" and base64.b64decode(content).hex() == expected
    if isinstance(expected, list):
        values = content.get("values") or []
        return kind == "arrayValue" and len(values) == len(expected) and all(map(is_same, expected, values))
    values = Attributes(content.get("values")) if kind == "kvlistValue" else None
    return values is not None and values.keys() == expected.keys() and all(
        is_same(one, values[key]) for key, one in expected.items())


def expected_attributes(log):
    """The attributes that a record must have, as values of the envelope."""
    expected = dict(log["data"])
    context = dict(log["context"])
    expected.setdefault("log.record.uid", context.pop("message_id"))
    for key, value in context.items():
        # Without a field of its own, correlation_id repeats the request id in the envelope.
        if value is not None and not (key == "correlation_id" and value == context.get("request_id")):
            expected.setdefault(key, value)
    for key, value in log["diagnostics"].items():
        if key == "exception":
            for name, part in value.items():
                expected.setdefault(EXCEPTION.get(name, name), part)
        elif key != "origin" and key not in RESOURCE:
            expected.setdefault(NAMES.get(key, key), value)
    return expected


def differences(log, resource, scope, record):
    """What differs between one record of the envelope and the received one."""
    expected = expected_attributes(log)
    hexadecimal = lambda field: (record.get(field) or "") if len(record.get(field) or "") in (16, 32) else \
        base64.b64decode(record.get(field) or "").hex()
    for field, key, size in (("traceId", "trace_id", 32), ("spanId", "span_id", 16)):
        if hexadecimal(field):
            if hexadecimal(field) != log["context"][key].lower() or len(hexadecimal(field)) != size:
                yield field, log["context"][key], record[field]
            del expected[key]
    received = Attributes(record.get("attributes"))
    for key in expected.keys() | received.keys():
        if key not in expected or key not in received or not is_same(expected[key], received[key]):
            yield key, expected.get(key, "(missing)"), received.get(key, "(missing)")
    if record["body"] != {"stringValue": log["message"]}:
        yield "body", log["message"], record["body"]
    if scope != log["logger"]:
        yield "scope", log["logger"], scope
    level = log["level"]
    if record["severityText"] != level or record["severityNumber"] != SEVERITY[level]:
        yield "severity", level, (record["severityNumber"], record["severityText"])
    if record["timeUnixNano"] != record["observedTimeUnixNano"]:
        yield "time", record["timeUnixNano"], record["observedTimeUnixNano"]
    for key, name in RESOURCE.items():
        if not is_same(log["diagnostics"][key], resource.get(name, {})):
            yield name, log["diagnostics"][key], resource.get(name)


def main():
    with open(sys.argv[1], encoding="utf-8") as lines:
        sent = {log["context"]["message_id"]: log for log in (json.loads(line)["log"] for line in lines)}
    seen, wrong = set(), 0

    def report(*parts):
        nonlocal wrong
        wrong += 1
        if wrong <= 10:
            print(*parts)

    with open(sys.argv[2], encoding="utf-8") as requests:
        for request in map(json.loads, requests):
            for group in request["logs"]["resourceLogs"]:
                resource = Attributes(group["resource"]["attributes"])
                for scope in group["scopeLogs"]:
                    for record in scope["logRecords"]:
                        uid = Attributes(record["attributes"])["log.record.uid"]["stringValue"]
                        if uid not in sent or uid in seen:
                            report(uid, "received twice" if uid in seen else "was never sent")
                            continue
                        seen.add(uid)
                        for name, expected, received in differences(sent[uid], resource, scope["scope"]["name"], record):
                            report(uid, name, "expected", repr(expected), "received", repr(received))
    for uid in sent.keys() - seen:
        report(uid, "was not received")
    print(f"{len(seen)} records, {wrong} differences")
    return 1 if wrong or not seen else 0


if __name__ == "__main__":
    sys.exit(main())
