/* A server of frames, which begins when all clients have connected, in parts that a program may have its own of: it says so by defining OWN_..., and has the
 * function. EDGE is EPOLLET or 0. What is not its own is right. */
#ifndef SERVER_H
#define SERVER_H

#include "scene.h"

#ifndef EDGE
#define EDGE EPOLLET
#endif

struct connection {
    int fd;
    size_t in, out, sent;
    bool is_used; /* something was read */
    char input[LARGEST + 4], output[2 * (LARGEST + 4)];
};

static int epoll = -1, listener = -1, end = -1;

static void on_wait_error(void);
static void on_accept(void);
static bool on_input(struct connection *connection); /* false: it is over */
static bool flush(struct connection *connection);

/* Answers the frames that are whole. */
static inline void answer(struct connection *it)
{
    uint32_t size = 0;
    while (it->in >= sizeof size) {
        memcpy(&size, it->input, sizeof size);
        size_t whole = sizeof size + size;
        if (it->in < whole || it->out + whole > sizeof it->output)
            return;
        memcpy(it->output + it->out, it->input, whole);
        it->out += whole;
        memmove(it->input, it->input + whole, it->in -= whole);
    }
}

static inline void finish(struct connection *it)
{
    close(it->fd);
    free(it);
}

static inline void accepted(int fd)
{
    struct connection *it = calloc(1, sizeof *it);
    it->fd = fd;
    add(epoll, fd, EPOLLIN | EPOLLOUT | EPOLLET, it);
}

#ifndef OWN_WAIT_ERROR
static void on_wait_error(void)
{
    if (errno != EINTR)
        MUST(-1);
}
#endif

#ifndef OWN_ACCEPT
static void on_accept(void)
{
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0)
            accepted(fd);
        else if (errno == EAGAIN)
            return;
    }
}
#endif

#ifndef OWN_INPUT
static bool on_input(struct connection *it)
{
    for (;;) {
        ssize_t got = read(it->fd, it->input + it->in, sizeof it->input - it->in);
        if (got < 0)
            return errno == EAGAIN;
        if (got == 0)
            return false;
        it->in += (size_t)got;
        answer(it);
        if (!flush(it))
            return false;
    }
}
#endif

#ifndef OWN_FLUSH
static bool flush(struct connection *it)
{
    while (it->sent < it->out) {
        ssize_t sent = send(it->fd, it->output + it->sent, it->out - it->sent, MSG_NOSIGNAL);
        if (sent < 0)
            return errno == EAGAIN;
        it->sent += (size_t)sent;
    }
    it->sent = it->out = 0;
    return true;
}
#endif

static inline int serve(int (*run)(const struct sockaddr_in *))
{
    struct sockaddr_in address;
    pid_t process;
    listener = listens(&address);
    end = start_client(run, &address, &process);
    char byte;
    MUST(read(end, &byte, 1));
    epoll = MUST(epoll_create1(EPOLL_CLOEXEC));
    add(epoll, listener, EPOLLIN | EDGE, &listener);
    add(epoll, end, EPOLLIN, &end);
    for (;;) {
        struct epoll_event events[8];
        int count = epoll_wait(epoll, events, 8, -1);
        if (count < 0)
            on_wait_error();
        for (int i = 0; i < count; i++) {
            void *data = events[i].data.ptr;
            if (data == &end)
                return status_of(process);
            if (data == &listener)
                on_accept();
            else if (!flush(data) || !on_input(data))
                finish(data);
        }
    }
}

#ifndef OWN_MAIN
int main(void)
{
    return serve(client);
}
#endif

#endif
