/* An echo server with libev: one ev_io a connection, level-triggered, one read and one write each. */
#define _GNU_SOURCE
#include "peer.h"

#include <ev.h>

struct connection {
    struct ev_io io; /* readable; or writable, while something is pending */
    char *pending;   /* what the peer was too slow to take; until it is sent nothing is read */
    size_t pending_size, pending_sent;
};

static void wait_for(struct ev_loop *loop, struct connection *this, int events)
{
    int fd = this->io.fd;
    ev_io_stop(loop, &this->io);
    ev_io_set(&this->io, fd, events);
    ev_io_start(loop, &this->io);
}

static void end(struct ev_loop *loop, struct connection *this)
{
    ev_io_stop(loop, &this->io);
    close(this->io.fd);
    free(this->pending);
    free(this);
}

/* Sends what can be sent now. Returns how much, or -1 when the connection has failed. */
static ssize_t try_send(int fd, const char *bytes, size_t size)
{
    ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);
    return sent < 0 && errno == EAGAIN ? 0 : sent;
}

static void flush(struct ev_loop *loop, struct connection *this)
{
    ssize_t sent = try_send(this->io.fd, this->pending + this->pending_sent,
                            this->pending_size - this->pending_sent);
    if (sent < 0) {
        end(loop, this);
        return;
    }
    this->pending_sent += (size_t)sent;
    if (this->pending_sent == this->pending_size) {
        free(this->pending);
        this->pending = NULL;
        wait_for(loop, this, EV_READ);
    }
}

static void on_ready(struct ev_loop *loop, struct ev_io *io, int events)
{
    struct connection *this = io->data;
    if (events & EV_WRITE) {
        flush(loop, this);
        return;
    }
    ssize_t got = recv(io->fd, buffer, buffer_size, 0);
    if (got < 0 && errno == EAGAIN)
        return;
    ssize_t sent = got <= 0 ? -1 : try_send(io->fd, buffer, (size_t)got);
    if (sent < 0) {
        end(loop, this);
    } else if (sent < got) {
        this->pending_size = (size_t)(got - sent);
        this->pending_sent = 0;
        this->pending = keep(buffer + sent, this->pending_size);
        wait_for(loop, this, EV_WRITE);
    }
}

static void on_connection(struct ev_loop *loop, struct ev_io *listener, int events)
{
    (void)events;
    for (;;) {
        int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && (errno == ECONNABORTED || errno == EINTR))
            continue;
        if (fd < 0 && errno == EAGAIN)
            return;
        struct connection *this = fd < 0 ? NULL : calloc(1, sizeof(*this));
        if (this == NULL)
            fail("accept");
        ev_io_init(&this->io, on_ready, fd, EV_READ);
        this->io.data = this;
        ev_io_start(loop, &this->io);
    }
}

static void on_signal(struct ev_loop *loop, struct ev_signal *signal, int events)
{
    (void)signal;
    (void)events;
    ev_break(loop, EVBREAK_ALL);
}

int main(int argc, char **argv)
{
    int fd = start(argc, argv);
    struct ev_loop *loop = ev_default_loop(EVBACKEND_EPOLL);
    struct ev_io listener;
    struct ev_signal terminated, interrupted;

    if (loop == NULL)
        fail("ev_default_loop");
    ev_io_init(&listener, on_connection, fd, EV_READ);
    ev_signal_init(&terminated, on_signal, SIGTERM);
    ev_signal_init(&interrupted, on_signal, SIGINT);
    ev_io_start(loop, &listener);
    ev_signal_start(loop, &terminated);
    ev_signal_start(loop, &interrupted);
    ev_run(loop, 0);
    return 0;
}
