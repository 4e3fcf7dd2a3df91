/* Keeps the rest after EAGAIN and asks for EPOLLOUT, all as it should be; then its request handler
 * ends as it always does, by asking for EPOLLIN, and the interest in EPOLLOUT is overwritten.
 *
 * Right: one place decides the interest, from one fact: whether something waits to be written.
 *
 * expect: lost-write
 * after: https://github.com/pistacheio/pistache/issues/1114
 * shows: hangs
 */
#include "reader.h"

static char bytes[ANSWER];

struct connection {
    int epfd, fd;
    size_t sent, total;
};

static void ask_for(struct connection *c, uint32_t events)
{
    struct epoll_event interest = {.events = events, .data.ptr = c};
    MUST(epoll_ctl(c->epfd, EPOLL_CTL_MOD, c->fd, &interest));
}

static void flush(struct connection *c)
{
    while (c->sent < c->total) {
        ssize_t size = send(c->fd, bytes + c->sent, c->total - c->sent, MSG_NOSIGNAL); /* finding */
        if (size == -1 && errno == EAGAIN) {
#ifndef RIGHT
            ask_for(c, EPOLLIN | EPOLLOUT);
#endif
            break;
        }
        c->sent += (size_t)MUST(size);
    }
#ifdef RIGHT
    ask_for(c, c->sent < c->total ? EPOLLIN | EPOLLOUT : EPOLLIN);
#endif
}

static void on_request(struct connection *c)
{
    char request;
    if (MUST(read(c->fd, &request, 1)) == 1)
        c->total = sizeof(bytes);
    flush(c);
#ifndef RIGHT
    ask_for(c, EPOLLIN);
#endif
}

static void on_room(struct connection *c)
{
    flush(c);
#ifndef RIGHT
    if (c->sent == c->total)
        ask_for(c, EPOLLIN);
#endif
}

int main(void)
{
    struct connection c = {.epfd = MUST(epoll_create1(EPOLL_CLOEXEC))};
    struct reader reader = {.late_ms = 200};
    connect_pair(&c.fd, &reader.fd);
    struct epoll_event interest = {.events = EPOLLIN, .data.ptr = &c};
    MUST(epoll_ctl(c.epfd, EPOLL_CTL_ADD, c.fd, &interest));
    pthread_t thread = start_reader(&reader);

    int64_t end = in_ms(RUN_MS);
    for (int ms; (ms = ms_until(end)) > 0;) {
        struct epoll_event event;
        if (DELIVERED(epoll_wait(c.epfd, &event, 1, ms)) == 0)
            continue;
        if (event.events & EPOLLIN)
            on_request(event.data.ptr);
        if (event.events & EPOLLOUT)
            on_room(event.data.ptr);
    }

    MUST(epoll_ctl(c.epfd, EPOLL_CTL_DEL, c.fd, NULL));
    MUST(close(c.fd));
    MUST(close(c.epfd));
    long lost = lost_by(&reader, thread);
    return report(lost > 0, "bytes lost: %ld", lost);
}
