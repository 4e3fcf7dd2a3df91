/* One of the ways to write a buffer forgets to ask for EPOLLOUT when not all of it was written: the rest is sent
 * when something else is to be, and else never.
 *
 * Right: each way asks for it.
 *
 * expect: lost-write
 * after: https://github.com/netty/netty/pull/4216
 * shows: loses
 */
#include "../misuse/loop.h"

#include <pthread.h>

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

/* Reads all that comes until nothing has come for a second. */
static void *receive(void *argument)
{
    static char buffer[1 << 16];
    int client = *(int *)argument;
    struct timeval second = {.tv_sec = 1};
    MUST(setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second)));
    size_t *received = calloc(1, sizeof(*received));
    /* Until then there is room for some of it only. */
    sleep_until(in_ms(100));
    for (ssize_t size; (size = read(client, buffer, sizeof(buffer))) > 0;)
        *received += (size_t)size;
    return received;
}

int main(void)
{
    pthread_t thread;
    struct sockaddr_in address;
    void *received;
    int listener = listen_on_loopback(0, &address), client = connect_to(&address);
    struct connection c = {.epfd = MUST(epoll_create1(EPOLL_CLOEXEC))};
    c.fd = MUST(accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
    struct epoll_event event, interest = {.events = EPOLLIN, .data.ptr = &c};
    MUST(epoll_ctl(c.epfd, EPOLL_CTL_ADD, c.fd, &interest));
    set_interest(&c, EPOLLIN);
    tell(client, "GET /");
    if (pthread_create(&thread, NULL, receive, &client) != 0)
        exit(1);

    int64_t end = in_ms(RUN_MS);
    for (int ms; (ms = ms_until(end)) > 0;) {
        char request[16];
        if (DELIVERED(epoll_wait(c.epfd, &event, 1, ms)) == 0)
            continue;
        if (event.events & EPOLLIN)
            MUST(read(c.fd, request, sizeof(request)));
        do_write(&c);
    }

    if (pthread_join(thread, &received) != 0)
        exit(1);
    size_t total = *(size_t *)received;
    free(received);
    MUST(close(c.fd));
    MUST(close(client));
    MUST(close(listener));
    MUST(close(c.epfd));
    return report(total < ANSWER, "received %zu of %d MiB", total >> 20, ANSWER >> 20);
}
