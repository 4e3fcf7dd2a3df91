/* The handler re-arms at its end, but when half a request has come it returns before: there was
 * nothing to process. The other half comes and is never reported.
 *
 * Right: there is one way out of the handler, and it re-arms.
 *
 * expect: oneshot-not-rearmed
 * after: https://github.com/pjsip/pjproject/pull/3018
 * shows: hangs
 */
#include "requests.h"

enum { REQUEST = 8 };

struct connection {
    int epfd, fd, answered;
    size_t length;
    char request[REQUEST];
};

#ifndef RIGHT
static void handle(struct connection *c)
{
    struct epoll_event interest = {.events = EPOLLIN | EPOLLONESHOT, .data.ptr = c};
    ssize_t size = read(c->fd, c->request + c->length, REQUEST - c->length);
    if (size <= 0)
        return;
    c->length += (size_t)size;
    if (c->length < REQUEST)
        return;
    c->length = 0;
    c->answered++;
    MUST(epoll_ctl(c->epfd, EPOLL_CTL_MOD, c->fd, &interest));
}
#else
static void read_request(struct connection *c)
{
    ssize_t size = read(c->fd, c->request + c->length, REQUEST - c->length);
    if (size > 0)
        c->length += (size_t)size;
    if (c->length == REQUEST) {
        c->length = 0;
        c->answered++;
    }
}

static void handle(struct connection *c)
{
    struct epoll_event interest = {.events = EPOLLIN | EPOLLONESHOT, .data.ptr = c};
    read_request(c);
    MUST(epoll_ctl(c->epfd, EPOLL_CTL_MOD, c->fd, &interest));
}
#endif

int main(void)
{
    int peer;
    struct connection c = {.epfd = MUST(epoll_create1(EPOLL_CLOEXEC))};
    connect_pair(&c.fd, &peer);
    struct epoll_event interest = {.events = EPOLLIN | EPOLLONESHOT, .data.ptr = &c};
    MUST(epoll_ctl(c.epfd, EPOLL_CTL_ADD, c.fd, &interest)); /* finding */

    tell(peer, "requ");
    int64_t end = in_ms(RUN_MS);
    for (int ms; (ms = ms_until(end)) > 0;) {
        struct epoll_event event;
        if (DELIVERED(epoll_wait(c.epfd, &event, 1, ms)) == 0)
            continue;
        handle(event.data.ptr);
        if (c.length == 4)
            tell(peer, "est.");
    }

    MUST(epoll_ctl(c.epfd, EPOLL_CTL_DEL, c.fd, NULL));
    MUST(close(c.fd));
    MUST(close(peer));
    MUST(close(c.epfd));
    return report(c.answered < 1, "answered %d of 1", c.answered);
}
