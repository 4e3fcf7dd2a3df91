/* The listening socket: level-triggered, so that what one round does not accept is reported again.
 *
 * Where descriptors or memory are exhausted accept fails and leaves the connection in the backlog:
 * the listener would be reported for ever, and the loop would spin. Then its interest is off until
 * a connection was closed or 100 ms have passed. */
#include "echo.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void name_of(const struct sockaddr_storage *address, char *name, size_t size)
{
    char host[INET6_ADDRSTRLEN] = "?";
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    if (address->ss_family == AF_INET) {
        memcpy(&v4, address, sizeof v4);
        inet_ntop(AF_INET, &v4.sin_addr, host, sizeof host);
        snprintf(name, size, "%s:%u", host, ntohs(v4.sin_port));
    } else {
        memcpy(&v6, address, sizeof v6);
        inet_ntop(AF_INET6, &v6.sin6_addr, host, sizeof host);
        snprintf(name, size, "[%s]:%u", host, ntohs(v6.sin6_port));
    }
}

static bool enable(int fd, int level, int option)
{
    const int on = 1;
    return setsockopt(fd, level, option, &on, sizeof on) == 0;
}

bool listener_open(struct server *server, struct options *options)
{
    int fd = socket(options->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    server->listener = fd;
    /* Accepted sockets inherit TCP_NODELAY and SO_OOBINLINE: the kernel clones the listening socket
     * (net/ipv4/tcp_minisocks.c, tcp_create_openreq_child). Urgent bytes inline: they are echoed too. */
    if (fd == -1 || !enable(fd, SOL_SOCKET, SO_REUSEADDR) ||
        !enable(fd, SOL_SOCKET, SO_OOBINLINE) || !enable(fd, IPPROTO_TCP, TCP_NODELAY) ||
        (options->reuse_port && !enable(fd, SOL_SOCKET, SO_REUSEPORT)) ||
        bind(fd, (const struct sockaddr *)&options->address, options->length) == -1 ||
        listen(fd, SOMAXCONN) == -1 ||
        getsockname(fd, (struct sockaddr *)&options->address, &options->length) == -1 ||
        !server_register(server, EPOLL_CTL_ADD, fd, EPOLLIN, &server->listener)) {
        int error = errno;
        char name[INET6_ADDRSTRLEN + 16];
        name_of(&options->address, name, sizeof name);
        say("cannot listen on %s: %s (os error %d); choose another --port (0 picks a free one) or "
            "--bind",
            name, strerror(error), error);
        return false;
    }
    return true;
}

bool listener_announce(const struct options *options)
{
    char name[INET6_ADDRSTRLEN + 16];
    name_of(&options->address, name, sizeof name);
    if (printf("listening on %s\n", name) < 0 || fflush(stdout) == EOF) {
        say_errno("cannot write the address to standard output");
        return false;
    }
    return true;
}

static void set_interest(struct server *server, uint32_t events)
{
    if (!server_register(server, EPOLL_CTL_MOD, server->listener, events, &server->listener)) {
        say_errno("cannot change the interest in the listener");
        server->failed = true;
    }
}

/* Whoever takes and frees the last descriptor all the time shall not fill the log: one such pause a
 * second is told of, with its end. */
static void pause_accept(struct server *server, int error)
{
    server->retry_at = server->now + RETRY_MS;
    if (server->accept_paused)
        return;
    server->accept_paused = true;
    server->pause_told = server->now >= server->quiet_until;
    if (server->pause_told) {
        server->quiet_until = server->now + QUIET_MS;
        say("cannot accept: %s (os error %d); connections wait until there is room",
            strerror(error), error);
    }
    set_interest(server, 0);
}

static void resume_accept(struct server *server)
{
    if (!server->accept_paused)
        return;
    server->accept_paused = false;
    if (server->pause_told)
        say("accepting connections again");
    set_interest(server, EPOLLIN);
}

/* accept(2) reports what the network did to one connection, which has left the backlog then. */
static bool concerns_one_connection(int error)
{
    switch (error) {
    case EINTR:
    case ECONNABORTED:
    case ENETDOWN:
    case EPROTO:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
        return true;
    default:
        return false;
    }
}

static bool client_waits(int listener)
{
    struct pollfd listening = {.fd = listener, .events = POLLIN};
    return poll(&listening, 1, 0) == 1;
}

/* Accepts one connection. Returns 0, EAGAIN if no client waits, or why there is no room. The memory
 * comes first: without it the connection stays in the backlog. */
static int accept_one(struct server *server)
{
    struct connection *c = connection_allocate();
    int fd = c ? accept4(server->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC) : -1;
    if (fd >= 0) {
        server->listener_silent = 0;
        return connection_open(server, c, fd) ? 0 : errno;
    }
    int error = c ? errno : ENOMEM;
    free(c);
    if (concerns_one_connection(error))
        return 0;
    /* accept wants a descriptor before it looks whether a client waits for it, as memory was wanted. */
    if ((error == EMFILE || error == ENFILE || error == ENOMEM) && !client_waits(server->listener))
        return EAGAIN;
    return error;
}

/* Accepts a bounded number of connections; during the stop as many as the backlog can hold. */
void listener_turn(struct server *server)
{
    size_t each_round = ACCEPTS_PER_ROUND;
    size_t *left = server->stopping ? &server->backlog_left : &each_round;
    int error = 0;
    for (; *left > 0 && error == 0; --*left)
        error = accept_one(server);
    if (error != 0 && error != EAGAIN)
        pause_accept(server, error);
    else if (server->stopping)
        listener_close(server);
    else
        resume_accept(server);
}

void listener_close(struct server *server)
{
    close(server->listener);
    server->listener = -1;
    server->accept_paused = false;
}
