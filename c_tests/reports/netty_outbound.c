/* One of the ways to write a buffer forgets to ask for EPOLLOUT when not all of it was written: the rest is sent
 * when something else is to be, and else never.
 *
 * Right: each way asks for it.
 *
 * expect: lost-write
 * after: https://github.com/netty/netty/pull/4216
 * shows: loses
 */
#include "receiver.h"

enum { ANSWER = 8 << 20, RUN_MS = 2500 };

static char answer[ANSWER];

struct connection {
    int epfd, fd;
    size_t written;
};

static void set_interest(struct connection *c, uint32_t events)
{
    struct epoll_event interest = {.events = events, .data.ptr = c};
    MUST(epoll_ctl(c->epfd, EPOLL_CTL_MOD, c->fd, &interest));
}

static void do_write(struct connection *c)
{
    ssize_t size = send(c->fd, answer + c->written, ANSWER - c->written, MSG_NOSIGNAL); /* finding */
    if (size == -1 && errno == EAGAIN)
        size = 0;
    c->written += (size_t)MUST(size);
#ifdef RIGHT
    set_interest(c, c->written < ANSWER ? EPOLLIN | EPOLLOUT : EPOLLIN);
#endif
}

int main(void)
{
    struct sockaddr_in address;
    int listener = listen_on_loopback(0, &address);
    struct receiver client = {.fd = connect_to(&address), .late_ms = 100};
    struct connection c = {.epfd = MUST(epoll_create1(EPOLL_CLOEXEC))};
    c.fd = MUST(accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
    struct epoll_event event, interest = {.events = EPOLLIN, .data.ptr = &c};
    MUST(epoll_ctl(c.epfd, EPOLL_CTL_ADD, c.fd, &interest));
    set_interest(&c, EPOLLIN);
    tell(client.fd, "GET /");
    pthread_t thread = start_receiver(&client);

    int64_t end = in_ms(RUN_MS);
    for (int ms; (ms = ms_until(end)) > 0;) {
        char request[16];
        if (DELIVERED(epoll_wait(c.epfd, &event, 1, ms)) == 0)
            continue;
        if (event.events & EPOLLIN)
            MUST(read(c.fd, request, sizeof(request)));
        do_write(&c);
    }

    size_t total = received_by(&client, thread);
    MUST(close(c.fd));
    MUST(close(listener));
    MUST(close(c.epfd));
    return report(total < ANSWER, "received %zu of %d MiB", total >> 20, ANSWER >> 20);
}
