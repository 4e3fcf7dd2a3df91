"""The mistake of stranded.c in Python, for `epshim check` to find: the rest of the request is never read."""
import select
import socket


def serve(connection, epoll):
    while epoll.poll(1.5):
        print("read", connection.recv(16))


ours, peer = socket.socketpair()
ours.setblocking(False)
epoll = select.epoll()
epoll.register(ours, select.EPOLLIN | select.EPOLLET)
peer.send(b"GET /index.html HTTP/1.1\r\n\r\n")
serve(ours, epoll)
