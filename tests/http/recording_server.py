#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A receiver for tests: records each request and answers by a script.

usage: recording_server.py DIRECTORY [CERTIFICATE KEY [CLIENT_CA]]

Request N is in the files N.head (request line and headers) and N.body (the body as sent). The answer is line N of the file
`script`, or its last line: STATUS[<tab>Name: value]...[<tab><tab>BODY], or one of the words
  hang   reads the request and never answers
  close  reads the request and closes the connection without an answer
  reset  reads the head of the request and resets the connection
  cut    answers with 200, a length of 100 and 10 bytes, then closes
  bad    answers with 400 if the body contains the word `bad`, else with 200
  bulk   creates the documents of a bulk request of Elasticsearch that it does not have by their `_id`, and appends each as
         ID<tab>DOCUMENT to the file `documents`; answers for each item
  bulk-close  creates them and closes the connection without an answer
  hec    accepts events of Splunk with an ackId. Loses every third request, and indexes the others when it is asked for
         their acknowledgement the second time: appends each event as ACKID<tab>EVENT to the file `documents`
The server listens on a free port of 127.0.0.1 and writes it to the file `port`; if that file exists, it takes that port.
"""
import gzip
import http.server
import json
import os
import socket
import ssl
import struct
import sys
import threading

folder = sys.argv[1]
lock = threading.Lock()
documents = os.path.join(folder, "documents")
ids = set()
accepted = {}  # by ackId: how often it was asked for, and the events
if os.path.exists(documents):
    with open(documents, "rb+") as stored:
        whole = stored.read()
        whole = whole[:whole.rfind(b"\n") + 1]
        stored.truncate(len(whole))  # a line that was cut when the server was killed
        ids = {line.split("\t")[0] for line in whole.decode().splitlines()}
count = len([name for name in os.listdir(folder) if name.endswith(".head")])


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def log_message(self, *_):
        pass

    def record(self, body):
        global count
        with lock:
            number = count
            count += 1
            with open(os.path.join(folder, f"{number}.body"), "wb") as file:
                file.write(body)
            with open(os.path.join(folder, "unfinished"), "w", encoding="utf-8") as file:
                file.write(f"{self.requestline}\n{self.client_address[1]}\n{self.headers}")
            os.rename(os.path.join(folder, "unfinished"), os.path.join(folder, f"{number}.head"))
            with open(os.path.join(folder, "script"), encoding="utf-8") as file:
                lines = file.read().split("\n")
        return lines[min(number, len(lines) - 1)].split("\t")

    def reset(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def create(self, body):
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        lines = body.decode().split("\n")
        items = []
        with lock, open(documents, "a", encoding="utf-8") as file:
            for action, document in zip(lines[0::2], lines[1::2]):
                name = json.loads(action)["create"]["_id"]
                json.loads(document)
                if name in ids:
                    items.append('{"create":{"status":409,"error":{"type":"version_conflict_engine_exception"}}}')
                    continue
                ids.add(name)
                file.write(f"{name}\t{document}\n")
                items.append('{"create":{"status":201}}')
        return ('{"errors":%s,"items":[%s]}' % ("true" if "409" in str(items) else "false", ",".join(items))).encode()

    def hec(self, body):
        with lock:
            if not self.path.endswith("/ack"):
                accepted[len(accepted)] = [0, body.decode().splitlines()]
                return b'{"text":"Success","code":0,"ackId":%d}' % (len(accepted) - 1)
            states = {}
            for name in json.loads(body)["acks"]:
                questions, events = accepted.get(name, (0, []))
                if events:
                    accepted[name][0] += 1
                states[str(name)] = questions == 1 and name % 3 != 0
                if states[str(name)]:
                    with open(documents, "a", encoding="utf-8") as file:
                        file.writelines(f"{name}\t{event}\n" for event in events)
            return json.dumps({"acks": states}).encode()

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        answer = self.record(body)
        if answer[0] == "hang":
            threading.Event().wait()
        text = b""
        if answer[0] == "hec":
            text = self.hec(body)
            answer = ["200"]
        if answer[0] == "bad":
            answer = ["400" if b"bad" in body else "200"]
        if answer[0].startswith("bulk"):
            text = self.create(body)
            answer = ["close" if answer[0] == "bulk-close" else "200"]
        if answer[0] == "close":
            self.close_connection = True
            return
        if answer[0] == "reset":
            self.reset()
            return
        if answer[0] == "cut":
            self.send_response(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b"0123456789")
            self.close_connection = True
            return
        if "" in answer:
            at = answer.index("")
            text = "\t".join(answer[at + 1:]).encode()
            answer = answer[:at]
        self.send_response(int(answer[0]))
        for header in answer[1:]:
            self.send_header(*header.split(": ", 1))
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        pass


port_file = os.path.join(folder, "port")
port = 0
if os.path.exists(port_file):
    with open(port_file, encoding="utf-8") as given:
        port = int(given.read())
server = Server(("127.0.0.1", port), Handler)
if len(sys.argv) > 2:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2], sys.argv[3])
    if len(sys.argv) > 4:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(sys.argv[4])
    server.socket = context.wrap_socket(server.socket, server_side=True)
with open(port_file + ".new", "w", encoding="utf-8") as made:
    made.write(str(server.server_address[1]))
os.rename(port_file + ".new", port_file)
server.serve_forever()
