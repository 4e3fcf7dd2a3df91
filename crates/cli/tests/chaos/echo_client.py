"""An echo server: connections at once, up to 300 KB each, cut into pieces; every byte is compared."""
import random
import socket
import sys
import threading

from at_once import at_once


def work(number):
    numbers = random.Random(number)
    connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 30)
    sent = numbers.randbytes(numbers.randrange(1, 300000))
    got = bytearray()

    def send():
        at = 0
        while at < len(sent):
            size = numbers.randrange(1, 9000)
            connection.sendall(sent[at : at + size])
            at += size

    sender = threading.Thread(target=send)
    sender.start()
    while len(got) < len(sent):
        part = connection.recv(65536)
        if not part:
            break
        got += part
    sender.join()
    assert got == sent, f"{len(got)} of {len(sent)}"


sys.exit(at_once(6, work))
