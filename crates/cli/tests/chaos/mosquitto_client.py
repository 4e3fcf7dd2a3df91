"""mosquitto: each connection is sent what it publishes itself, at QoS 1 (MQTT 3.1.1); every byte is compared."""
import random
import socket
import sys

from at_once import at_once

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK = 0x10, 0x20, 0x32, 0x40, 0x82, 0x90


def text(value):
    return len(value).to_bytes(2, "big") + value


def packet(kind, body):
    """The length has 7 bits in a byte, the lowest first."""
    length, rest = b"", len(body)
    while rest > 127:
        length, rest = length + bytes([rest % 128 + 128]), rest // 128
    return bytes([kind]) + length + bytes([rest]) + body


def read(answers):
    kind, length, shift = answers.read(1)[0], 0, 0
    while True:
        part = answers.read(1)[0]
        length += (part & 127) << shift
        shift += 7
        if part < 128:
            return kind, answers.read(length)


def cut(body, at):
    return body[:at], body[at : at + 2], body[at + 2 :]


def work(number):
    numbers = random.Random(number)
    connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 30)
    answers = connection.makefile("rb")
    topic = b"topic/%d" % number
    # Protocol level 4, a clean session, 60 s to keep alive.
    connection.sendall(packet(CONNECT, text(b"MQTT") + b"\4\2\0\x3c" + text(b"client%d" % number)))
    assert read(answers) == (CONNACK, b"\0\0")
    connection.sendall(packet(SUBSCRIBE, b"\0\1" + text(topic) + b"\1"))
    assert read(answers) == (SUBACK, b"\0\1\1")
    for round in range(1, 7):
        value = numbers.randbytes(numbers.randrange(1, 60000))
        connection.sendall(packet(PUBLISH, text(topic) + bytes([0, round]) + value))
        # The acknowledgement and the message come in any order.
        got = dict(read(answers) for _ in range(2))
        assert got[PUBACK] == bytes([0, round])
        head, identity, message = cut(got[PUBLISH], len(topic) + 2)
        assert (head, message) == (text(topic), value)
        connection.sendall(packet(PUBACK, identity))


sys.exit(at_once(6, work))
