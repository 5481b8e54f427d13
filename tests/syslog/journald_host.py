#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs a systemd-journald of its own, in a mount namespace of its own; the machine's journal is not touched.

usage: unshare --mount journald_host.py FOLDER

FOLDER is /run for it: its socket is FOLDER/systemd/journal/socket, and FOLDER/log has the journal. Commands on standard
input, each answered by a line "ok":
  start        start journald
  stop         end journald with SIGTERM; the socket stays if it is held, else it refuses connections
  kill         end journald with SIGKILL
  hold         bind the socket and pass it to each journald from now on, as systemd does
The end of the input ends journald.
"""
import os
import signal
import socket
import subprocess
import sys
import time

JOURNALD = "/lib/systemd/systemd-journald"
SOCKET = "/run/systemd/journal/socket"
CONFIG = "[Journal]\nStorage=volatile\nRateLimitIntervalSec=0\nAudit=no\nReadKMsg=no\nForwardToSyslog=no\nForwardToWall=no\n"


def wait_for_socket(journald):
    while journald.poll() is None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
            if client.connect_ex(SOCKET) == 0:
                return True
        time.sleep(0.001)
    return False


def main():
    folder = sys.argv[1]
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    for name in ("systemd/journal", "systemd/journald.conf.d", "log"):
        os.makedirs(os.path.join(folder, name), exist_ok=True)
    with open(os.path.join(folder, "systemd/journald.conf.d/test.conf"), "w", encoding="ascii") as file:
        file.write(CONFIG)
    subprocess.run(["mount", "--bind", folder, "/run"], check=True)

    held = None
    running = None

    def stop(how=signal.SIGTERM):
        if running is not None:
            running.send_signal(how)
            running.wait()

    for line in sys.stdin:
        command = line.strip()
        if command == "hold":
            if os.path.exists(SOCKET):
                os.unlink(SOCKET)
            held = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            held.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
            held.bind(SOCKET)
            os.chmod(SOCKET, 0o666)
        elif command == "start":
            arguments = [JOURNALD]
            options = {}
            if held is not None:
                os.dup2(held.fileno(), 3)
                os.set_inheritable(3, True)
                arguments = ["/bin/sh", "-c", "LISTEN_PID=$$ LISTEN_FDS=1 exec " + JOURNALD]
                options["pass_fds"] = (3,)
            running = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, **options)
            if not wait_for_socket(running):
                print("journald does not start", flush=True)
                continue
        elif command in ("stop", "kill"):
            stop(signal.SIGKILL if command == "kill" else signal.SIGTERM)
            running = None
        print("ok", flush=True)
    stop()


main()
