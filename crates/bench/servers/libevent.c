/* An echo server with libevent: raw events, level-triggered, one read and one write each. A
 * bufferevent would be shorter, and slower. */
#define _GNU_SOURCE
#include "peer.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <signal.h>

struct connection {
    struct event readable, writable;
    char *pending; /* what the peer was too slow to take; until it is sent nothing is read */
    size_t pending_size, pending_sent;
};

static void end(struct connection *this)
{
    int fd = event_get_fd(&this->readable);
    event_del(&this->readable);
    event_del(&this->writable);
    close(fd);
    free(this->pending);
    free(this);
}

/* Sends what can be sent now. Returns how much, or -1 when the connection has failed. */
static ssize_t try_send(int fd, const char *bytes, size_t size)
{
    ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);
    return sent < 0 && errno == EAGAIN ? 0 : sent;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct connection *this = arg;
    (void)what;
    ssize_t got = recv(fd, buffer, buffer_size, 0);
    if (got < 0 && errno == EAGAIN)
        return;
    ssize_t sent = got <= 0 ? -1 : try_send(fd, buffer, (size_t)got);
    if (sent < 0) {
        end(this);
    } else if (sent < got) {
        this->pending_size = (size_t)(got - sent);
        this->pending_sent = 0;
        this->pending = keep(buffer + sent, this->pending_size);
        event_del(&this->readable);
        event_add(&this->writable, NULL);
    }
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    struct connection *this = arg;
    (void)what;
    ssize_t sent = try_send(fd, this->pending + this->pending_sent,
                            this->pending_size - this->pending_sent);
    if (sent < 0) {
        end(this);
        return;
    }
    this->pending_sent += (size_t)sent;
    if (this->pending_sent == this->pending_size) {
        free(this->pending);
        this->pending = NULL;
        event_del(&this->writable);
        event_add(&this->readable, NULL);
    }
}

static void on_connection(evutil_socket_t listener, short what, void *base)
{
    (void)what;
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && (errno == ECONNABORTED || errno == EINTR))
            continue;
        if (fd < 0 && errno == EAGAIN)
            return;
        struct connection *this = fd < 0 ? NULL : calloc(1, sizeof(*this));
        if (this == NULL)
            fail("accept");
        event_assign(&this->readable, base, fd, EV_READ | EV_PERSIST, on_readable, this);
        event_assign(&this->writable, base, fd, EV_WRITE | EV_PERSIST, on_writable, this);
        if (event_add(&this->readable, NULL) < 0)
            fail("event_add");
    }
}

static void on_signal(evutil_socket_t number, short what, void *base)
{
    (void)number;
    (void)what;
    event_base_loopbreak(base);
}

int main(int argc, char **argv)
{
    int listener = start(argc, argv);
    struct event_base *base = event_base_new();
    if (base == NULL)
        fail("event_base_new");
    struct event *accepting = event_new(base, listener, EV_READ | EV_PERSIST, on_connection, base);
    struct event *terminated = evsignal_new(base, SIGTERM, on_signal, base);
    struct event *interrupted = evsignal_new(base, SIGINT, on_signal, base);
    if (event_add(accepting, NULL) < 0 || event_add(terminated, NULL) < 0 ||
        event_add(interrupted, NULL) < 0)
        fail("event_add");
    return event_base_dispatch(base) < 0;
}
