"""redis: SET and GET on connections at once; every byte is compared."""
import random
import socket
import sys

from at_once import at_once


def work(number):
    numbers = random.Random(number)
    connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 30)
    answers = connection.makefile("rb")
    for round in range(6):
        value = numbers.randbytes(numbers.randrange(1, 90000))
        key = b"k%d-%d" % (number, round)
        connection.sendall(
            b"*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n" % (len(key), key, len(value), value)
        )
        assert answers.readline() == b"+OK\r\n"
        connection.sendall(b"*2\r\n$3\r\nGET\r\n$%d\r\n%s\r\n" % (len(key), key))
        assert answers.readline() == b"$%d\r\n" % len(value)
        assert answers.read(len(value) + 2) == value + b"\r\n"


sys.exit(at_once(6, work))
