#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A small receiver of OTLP/HTTP in JSON: on SIGTERM it prints how many log records of each service and severity it got.

usage: otlp_receiver.py PORT_FILE    listens on a free port of 127.0.0.1 and writes it to PORT_FILE
"""
import collections
import gzip
import http.server
import json
import os
import signal
import sys
import threading

counts = collections.Counter()
lock = threading.Lock()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        for resource in json.loads(body)["resourceLogs"]:
            attributes = {a["key"]: a["value"] for a in resource["resource"].get("attributes", [])}
            service = attributes.get("service.name", {}).get("stringValue", "")
            with lock:
                counts.update((service, record["severityText"]) for scope in resource["scopeLogs"]
                              for record in scope["logRecords"])
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")


def finish(*_):
    raise SystemExit


signal.signal(signal.SIGTERM, finish)
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
with open(sys.argv[1] + ".new", "w", encoding="utf-8") as file:
    file.write(str(server.server_address[1]))
os.rename(sys.argv[1] + ".new", sys.argv[1])
try:
    server.serve_forever()
finally:
    for (service, severity), count in sorted(counts.items()):
        print(f"OTLP receiver: {service} {severity} {count}", flush=True)
