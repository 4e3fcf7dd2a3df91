/* The scene of a program for `epshim chaos`: a server in this process, and a client that compares every byte in a
 * forked one, which has no epoll. The program is its own test: it ends with 0 if the client got what it sent.
 *
 * Each program is compiled twice: as it is it has a bug that a plain client never meets, with -DRIGHT it has none.
 * Frames are a length of 4 bytes and so many bytes, and come back as they were sent. */
#ifndef SCENE_H
#define SCENE_H

#define _GNU_SOURCE

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define MUST(call) must((call), #call, __LINE__)

static inline int must(long result, const char *call, int line)
{
    if (result == -1) {
        fprintf(stderr, "line %d: %s: %s\n", line, call, strerror(errno));
        exit(1);
    }
    return (int)result;
}

enum { CONNECTIONS = 4, FRAMES = 12, LARGEST = 3000 };

/* A listener on a port of the kernel's choice. */
static inline int listens(struct sockaddr_in *address)
{
    socklen_t length = sizeof *address;
    int listener = MUST(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    *address = (struct sockaddr_in){.sin_family = AF_INET};
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    MUST(bind(listener, (struct sockaddr *)address, sizeof *address));
    MUST(listen(listener, 64));
    MUST(getsockname(listener, (struct sockaddr *)address, &length));
    return listener;
}

static inline void add(int epoll, int fd, uint32_t events, void *data)
{
    struct epoll_event event = {.events = events, .data.ptr = data};
    MUST(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
}

/* The client's side, which blocks. */
static inline void put(int fd, const void *bytes, size_t size)
{
    for (size_t sent = 0; sent < size;)
        sent += (size_t)MUST(send(fd, (const char *)bytes + sent, size - sent, MSG_NOSIGNAL));
}

static inline bool take(int fd, void *bytes, size_t size)
{
    for (size_t got = 0; got < size;) {
        ssize_t more = recv(fd, (char *)bytes + got, size - got, 0);
        if (more <= 0)
            return false;
        got += (size_t)more;
    }
    return true;
}

/* The length, and bytes that are others in each frame. */
static inline size_t frame(char *bytes, int connection, int number)
{
    uint32_t size = 1 + (uint32_t)(connection * 977 + number * 613) % LARGEST;
    memcpy(bytes, &size, sizeof size);
    for (uint32_t i = 0; i < size; i++)
        bytes[sizeof size + i] = (char)(i * 7 + size + (uint32_t)connection);
    return sizeof size + size;
}

/* In the client: where it says that it has connected, before any byte. */
static int connected = -1;

/* Sends frames on several connections at once, and compares what comes back. */
static inline int client(const struct sockaddr_in *address)
{
    int fds[CONNECTIONS];
    for (int i = 0; i < CONNECTIONS; i++) {
        fds[i] = MUST(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        MUST(connect(fds[i], (const struct sockaddr *)address, sizeof *address));
    }
    MUST(write(connected, "c", 1));
    static char sent[LARGEST + 4], got[LARGEST + 4];
    for (int number = 0; number < FRAMES; number++) {
        for (int i = 0; i < CONNECTIONS; i++)
            put(fds[i], sent, frame(sent, i, number));
        for (int i = 0; i < CONNECTIONS; i++) {
            size_t size = frame(sent, i, number);
            if (!take(fds[i], got, size) || memcmp(sent, got, size) != 0) {
                fprintf(stderr, "connection %d, frame %d: other bytes\n", i, number);
                return 1;
            }
        }
    }
    return 0;
}

/* Starts the client. The end of the pipe that is returned hangs up when it has ended. */
static inline int start_client(int (*run)(const struct sockaddr_in *), const struct sockaddr_in *address,
                               pid_t *process)
{
    int ends[2];
    MUST(pipe2(ends, O_CLOEXEC));
    *process = MUST(fork());
    connected = ends[1];
    if (*process == 0)
        _exit(run(address));
    close(ends[1]);
    return ends[0];
}

static inline int status_of(pid_t process)
{
    int status = 0;
    MUST(waitpid(process, &status, 0));
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

#endif
