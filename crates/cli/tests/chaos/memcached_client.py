"""memcached: set and get on connections at once; every byte is compared."""
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
        connection.sendall(b"set %s 0 0 %d\r\n%s\r\n" % (key, len(value), value))
        assert answers.readline() == b"STORED\r\n"
        connection.sendall(b"get %s\r\n" % key)
        assert answers.readline() == b"VALUE %s 0 %d\r\n" % (key, len(value))
        assert answers.read(len(value) + 7) == value + b"\r\nEND\r\n"


sys.exit(at_once(6, work))
