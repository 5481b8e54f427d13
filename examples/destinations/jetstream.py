#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes a stream of NATS JetStream, or prints its messages, by the text protocol of NATS.

usage: jetstream.py PORT create STREAM SUBJECT
       jetstream.py PORT read STREAM
"""
import base64
import json
import socket
import sys


class Client:
    def __init__(self, port):
        self.stream = socket.create_connection(("127.0.0.1", port)).makefile("rwb")
        self.stream.readline()  # INFO
        self.send('CONNECT {"verbose":false}\r\nSUB answers 1\r\n')

    def send(self, text):
        self.stream.write(text.encode())
        self.stream.flush()

    def ask(self, subject, request):
        """The answer to a request of the API of JetStream."""
        body = json.dumps(request)
        self.send(f"PUB $JS.API.{subject} answers {len(body)}\r\n{body}\r\n")
        while True:
            line = self.stream.readline().decode()
            if line.startswith("PING"):
                self.send("PONG\r\n")
            if line.startswith("MSG"):
                return json.loads(self.stream.read(int(line.split()[-1]) + 2))


_, port_text, command, name, *rest = sys.argv
client = Client(int(port_text))
if command == "create":
    made = client.ask(f"STREAM.CREATE.{name}", {"name": name, "subjects": rest, "storage": "file", "retention": "limits",
                                                "discard": "old", "num_replicas": 1, "max_msgs": -1, "max_bytes": -1,
                                                "max_consumers": -1, "duplicate_window": 120_000_000_000})
    if "error" in made:
        sys.exit(made["error"]["description"])
else:
    state = client.ask(f"STREAM.INFO.{name}", {})["state"]
    for number in range(state["first_seq"], state["last_seq"] + 1):
        message = client.ask(f"STREAM.MSG.GET.{name}", {"seq": number})["message"]
        headers = base64.b64decode(message["hdrs"]).decode().split("\r\n")[1:-2]
        print(message["subject"], *headers, base64.b64decode(message["data"]).decode())
