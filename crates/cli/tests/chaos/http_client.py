"""A server of HTTP: PUT, and GET below each of these paths; every byte is compared.

With --back PORT a server that keeps what it is sent listens there.
"""
import http.client
import http.server
import random
import sys
import threading

from at_once import at_once


class Keeps(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    kept = {}

    def do_PUT(self):
        self.kept[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(201, b"")

    def do_GET(self):
        self.answer(200, self.kept[self.path])

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def work(number):
    numbers = random.Random(number)
    connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=30)

    def ask(method, path, body=None):
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, answer.read()

    for round in range(4):
        value = numbers.randbytes(numbers.randrange(1, 200000))
        name = "f%d-%d" % (number, round)
        assert ask("PUT", PATHS[0] + name, value)[0] in (201, 204)
        for path in PATHS:
            assert ask("GET", path + name) == (200, value)


PATHS = sys.argv[2:]
if "--back" in PATHS:
    port = int(PATHS.pop())
    PATHS.pop()
    back = http.server.ThreadingHTTPServer(("127.0.0.1", port), Keeps)
    threading.Thread(target=back.serve_forever, daemon=True).start()
sys.exit(at_once(5, work))
