#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A receiver for tests that answers the questions of the ClickHouse sink like a server, and its INSERTs by a script.

usage: contract_server.py DIRECTORY

The file `table` has three parts, separated by lines of `--`: the answers to the questions for the settings, the engine and the
columns, as TabSeparated. Answer N to an INSERT is line N of the file `script`, or its last line:
  STATUS[<tab>CODE[<tab>h]]  with the body of an error of this code; with `h`, the code is in the header, too
  hang                       reads the request and never answers
  close                      reads the request and closes the connection without an answer
INSERT N is in the files N.head (its path) and N.body. Other statements are in `others`, one a line.
The server listens on a free port of 127.0.0.1 and writes it to the file `port`.
"""
import http.server
import os
import sys
import threading
import urllib.parse

folder = sys.argv[1]
lock = threading.Lock()
count = 0


def read(name):
    with open(os.path.join(folder, name), encoding="utf-8") as file:
        return file.read()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def log_message(self, *_):
        pass

    def answer(self, status, text, headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def insert(self, body):
        global count
        with lock:
            number = count
            count += 1
            with open(os.path.join(folder, f"{number}.body"), "wb") as file:
                file.write(body)
            with open(os.path.join(folder, f"{number}.head"), "w", encoding="utf-8") as file:
                file.write(urllib.parse.unquote(self.path))
            lines = read("script").split("\n")
        words = lines[min(number, len(lines) - 1)].split("\t")
        if words[0] == "hang":
            threading.Event().wait()
        elif words[0] == "close":
            self.close_connection = True
        elif len(words) == 1:
            self.answer(int(words[0]), "")
        else:
            header = [("X-ClickHouse-Exception-Code", words[1])] if words[2:] == ["h"] else []
            text = "" if header else f"Code: {words[1]}. DB::Exception: (at row 1) secret value. (version 24.8)\n"
            self.answer(int(words[0]), text, header)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if "query=INSERT" in self.path:
            self.insert(body)
            return
        statement = body.decode()
        with lock, open(os.path.join(folder, "others"), "a", encoding="utf-8") as file:
            file.write(statement.replace("\n", " ") + "\n")
        settings, engine, columns = read("table").split("--\n")
        if "system.settings" in statement:
            self.answer(200, settings)
        elif "system.tables" in statement:
            self.answer(200, engine)
        elif "system.columns" in statement:
            self.answer(200, columns)
        else:
            self.answer(200, read("found"))


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
with open(os.path.join(folder, "port.new"), "w", encoding="utf-8") as made:
    made.write(str(server.server_address[1]))
os.rename(os.path.join(folder, "port.new"), os.path.join(folder, "port"))
server.serve_forever()
