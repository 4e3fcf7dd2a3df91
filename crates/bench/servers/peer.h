/* What the peers in C share: the command line, the listener, and one line on stdout. */
#ifndef PEER_H
#define PEER_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* All connections read into one buffer of this size. */
static char *buffer;
static size_t buffer_size;

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

/* The arguments are a port and the size of the buffer. Returns a non-blocking listener on
 * 127.0.0.1; what it accepts has TCP_NODELAY, which is inherited. */
static int start(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);
    int yes = 1;

    if (argc != 3) {
        fprintf(stderr, "usage: %s PORT BUFFER_BYTES\n", argv[0]);
        exit(2);
    }
    buffer_size = strtoul(argv[2], NULL, 10);
    buffer = aligned_alloc(4096, buffer_size); /* the kernel copies faster into whole pages */
    if (buffer == NULL || buffer_size == 0)
        fail("buffer");

    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    address.sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) < 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes)) < 0 ||
        bind(fd, (struct sockaddr *)&address, size) < 0 || listen(fd, 4096) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) < 0)
        fail("listen");
    printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

/* A copy of what a slow peer did not take. */
static char *keep(const char *bytes, size_t size)
{
    char *copy = malloc(size);
    if (copy == NULL)
        fail("malloc");
    return memcpy(copy, bytes, size);
}

#endif
