"""A short load on a port: load.py PORT KIND WHAT CONNECTIONS TIMES.

Each connection is a thread that asks TIMES times, checks the answers, and then stays open for longer than the
rules of the checker wait.

- http: GET of the path WHAT; slow: the same, but the answer is read late and in pieces
- redis: the command WHAT in a line; echo: WHAT random bytes that must come back
"""

import os
import socket
import sys
import threading
import time

QUIET = 2.5


def connect(port):
    for _ in range(200):
        try:
            return socket.create_connection(("127.0.0.1", port))
        except ConnectionRefusedError:
            time.sleep(0.05)
    raise SystemExit("no server")


def answer(file):
    """An answer of HTTP: its body."""
    assert b" 200 " in file.readline()
    length = None
    while (line := file.readline().strip().lower()) != b"":
        if line.startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    return file.read(length)


def ask(stream, file, kind, what):
    if kind == "echo":
        data = os.urandom(int(what))
        sender = threading.Thread(target=stream.sendall, args=(data,))
        sender.start()
        assert file.read(len(data)) == data
        sender.join()
    elif kind == "redis":
        stream.sendall(what.encode() + b"\r\n")
        assert file.readline() == b"+PONG\r\n"
    else:
        stream.sendall(f"GET {what} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        if kind == "slow":
            time.sleep(QUIET)
        assert answer(file)


def talk(port, kind, what, times, outcomes):
    stream = connect(port)
    file = stream.makefile("rb")
    for _ in range(times):
        ask(stream, file, kind, what)
    time.sleep(QUIET)
    stream.close()
    outcomes.append(True)


def main(port, kind, what, connections, times):
    outcomes = []
    arguments = (int(port), kind, what, int(times), outcomes)
    threads = [threading.Thread(target=talk, args=arguments) for _ in range(int(connections))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(outcomes) != int(connections):
        raise SystemExit("a connection failed")


main(*sys.argv[1:])
