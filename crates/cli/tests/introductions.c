/* Opens a descriptor of the kind that the first argument names, and adds it to an epoll twice: the second time
 * fails with EEXIST. Prints what is to be said of it. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

static int port_of(int fd)
{
    struct sockaddr_in name;
    socklen_t size = sizeof name;
    if (getsockname(fd, (struct sockaddr *)&name, &size) != 0)
        exit(1);
    return ntohs(name.sin_port);
}

static int bound(int type)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, type, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&name, sizeof name) != 0)
        exit(1);
    return fd;
}

static int connected_to(int port)
{
    struct sockaddr_in name = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&name, sizeof name) != 0)
        exit(1);
    return fd;
}

static int is(const char *wanted, const char *kind)
{
    return strcmp(wanted, kind) == 0;
}

static int tcp(const char *kind)
{
    int listener = bound(SOCK_STREAM);
    if (listen(listener, 1) != 0)
        exit(1);
    int here = port_of(listener);
    if (is("listener", kind)) {
        printf("TCP 127.0.0.1:%d, LISTEN\n", here);
        return listener;
    }
    int client = connected_to(here);
    int accepted = accept(listener, NULL, NULL);
    int there = port_of(client);
    if (is("accepted", kind)) {
        close(client);
        printf("TCP 127.0.0.1:%d <- 127.0.0.1:%d, CLOSE_WAIT\n", here, there);
        return accepted;
    }
    printf("TCP 127.0.0.1:%d <-> 127.0.0.1:%d, ESTABLISHED\n", there, here);
    return client;
}

static int pipe_end(const char *kind)
{
    int ends[2];
    if (pipe(ends) != 0)
        exit(1);
    if (is("pipe", kind)) {
        printf("pipe, read end; fd %d is its write end\n", ends[1]);
        return ends[0];
    }
    close(ends[0]);
    puts("pipe, write end; its read end is not open here");
    return ends[1];
}

static int unix_socket(const char *path)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    strncpy(name.sun_path, path, sizeof name.sun_path - 1);
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&name, sizeof name) != 0)
        exit(1);
    printf("Unix socket %s\n", path);
    return fd;
}

static int fifo(const char *path)
{
    if (mkfifo(path, 0600) != 0)
        exit(1);
    printf("%s\n", path);
    return open(path, O_RDWR | O_NONBLOCK);
}

static int opened(const char *kind, const char *path)
{
    if (is("eventfd", kind))
        return puts("eventfd"), eventfd(0, EFD_NONBLOCK);
    if (is("timerfd", kind))
        return puts("timerfd"), timerfd_create(CLOCK_MONOTONIC, 0);
    if (is("epoll", kind))
        return puts("epoll"), epoll_create1(0);
    if (is("pair", kind)) {
        int ends[2];
        socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
        return puts("Unix socket without a name"), ends[0];
    }
    if (is("udp", kind)) {
        int fd = bound(SOCK_DGRAM);
        return printf("UDP 127.0.0.1:%d\n", port_of(fd)), fd;
    }
    if (is("fifo", kind))
        return fifo(path);
    if (is("unix", kind))
        return unix_socket(path);
    if (strstr(kind, "pipe"))
        return pipe_end(kind);
    return tcp(kind);
}

int main(int count, char **arguments)
{
    if (count < 3)
        return 1;
    int fd = opened(arguments[1], arguments[2]);
    int epfd = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN | EPOLLET};
    if (fd < 0 || epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &event) != 0)
        return 1;
    if (epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &event) == 0)
        return 1;
    fflush(stdout);
    /* Who looks from outside needs time. */
    return count > 3 ? (int)sleep((unsigned)atoi(arguments[3])) : 0;
}
