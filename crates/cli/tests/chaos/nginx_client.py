"""nginx: PUT, GET from the disk and through itself; every byte is compared."""
import http.client
import random
import sys

from at_once import at_once


def work(number):
    numbers = random.Random(number)
    connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=30)

    def ask(method, path, body=None):
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, answer.read()

    for round in range(4):
        value = numbers.randbytes(numbers.randrange(1, 200000))
        file = "files/f%d-%d" % (number, round)
        assert ask("PUT", "/" + file, value)[0] in (201, 204)
        assert ask("GET", "/" + file) == (200, value)
        assert ask("GET", "/proxy/" + file) == (200, value)


sys.exit(at_once(5, work))
