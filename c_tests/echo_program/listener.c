/* The listening socket: opened, its address written, and what accept(2) says, sorted. Also what there
 * is to say when there is no room for another connection. */
#include "program.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
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

int listener_open(struct options *options)
{
    int fd = socket(options->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    /* Accepted sockets inherit TCP_NODELAY and SO_OOBINLINE: the kernel clones the listening socket
     * (net/ipv4/tcp_minisocks.c, tcp_create_openreq_child). Urgent bytes inline: they are echoed too. */
    if (fd != -1 && enable(fd, SOL_SOCKET, SO_REUSEADDR) && enable(fd, SOL_SOCKET, SO_OOBINLINE) &&
        enable(fd, IPPROTO_TCP, TCP_NODELAY) &&
        (!options->reuse_port || enable(fd, SOL_SOCKET, SO_REUSEPORT)) &&
        bind(fd, (const struct sockaddr *)&options->address, options->length) == 0 &&
        listen(fd, SOMAXCONN) == 0 &&
        getsockname(fd, (struct sockaddr *)&options->address, &options->length) == 0)
        return fd;
    int error = errno;
    char name[INET6_ADDRSTRLEN + 16];
    name_of(&options->address, name, sizeof name);
    say("cannot listen on %s: %s (os error %d); choose another --port (0 picks a free one) or --bind",
        name, strerror(error), error);
    if (fd != -1)
        close(fd);
    return -1;
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

int listener_accept(int listener, bool has_memory)
{
    int fd = has_memory ? accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC) : -1;
    int error = has_memory ? errno : ENOMEM;
    if (fd >= 0)
        return fd;
    if (concerns_one_connection(error))
        return -EINTR;
    /* accept wants a descriptor before it looks whether a client waits for it, as memory was wanted. */
    if ((error == EMFILE || error == ENFILE || error == ENOMEM) && !client_waits(listener))
        return -EAGAIN;
    return -error;
}

void shortage_begin(struct shortage *shortage, int error)
{
    if (shortage->lasts)
        return;
    int64_t now = nanoseconds();
    shortage->lasts = true;
    shortage->reported = now >= shortage->quiet_until;
    if (!shortage->reported)
        return;
    shortage->quiet_until = now + 1000000000;
    say("cannot accept: %s (os error %d); connections wait until there is room", strerror(error),
        error);
}

void shortage_end(struct shortage *shortage)
{
    if (shortage->lasts && shortage->reported)
        say("accepting connections again");
    shortage->lasts = false;
}
