/* Interest in EPOLLOUT is added when a write would block, and stays until the connection ends: once the answer is
 * out, the socket is writable, and each wait says so.
 *
 * Right: it is taken back after the write that has sent the rest.
 *
 * expect: level-spin
 * after: https://github.com/twitter/pelikan/issues/116
 * shows: spins
 */
#include "../misuse/loop.h"

enum { ANSWER = 1 << 20, RUN_MS = 2500 };

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

static void event_write(struct connection *c)
{
    if (c->written == ANSWER)
        return;
    while (c->written < ANSWER) {
        ssize_t size = send(c->fd, answer + c->written, ANSWER - c->written, MSG_NOSIGNAL);
        if (size == -1 && errno == EAGAIN) {
            set_interest(c, EPOLLIN | EPOLLOUT);
            return;
        }
        c->written += (size_t)MUST(size);
    }
#ifdef RIGHT
    set_interest(c, EPOLLIN);
#endif
}

int main(void)
{
    static char buffer[1 << 16];
    struct connection c = {.epfd = MUST(epoll_create1(EPOLL_CLOEXEC))};
    int peer;
    long useless = 0;
    size_t received = 0;
    connect_pair(&c.fd, &peer);
    struct epoll_event event, interest = {.events = EPOLLIN, .data.ptr = &c};
    MUST(epoll_ctl(c.epfd, EPOLL_CTL_ADD, c.fd, &interest));
    tell(peer, "get key");

    int64_t end = in_ms(RUN_MS);
    for (int ms; (ms = ms_until(end)) > 0;) {
        int count = DELIVERED(epoll_wait(c.epfd, &event, 1, ms < 50 ? ms : 50)); /* finding */
        if (count > 0 && event.events & EPOLLIN)
            MUST(read(c.fd, buffer, sizeof(buffer)));
        useless += count > 0 && c.written == ANSWER;
        if (count > 0)
            event_write(&c);
        for (ssize_t size; (size = recv(peer, buffer, sizeof(buffer), MSG_DONTWAIT)) > 0;)
            received += (size_t)size;
    }

    MUST(close(c.fd));
    MUST(close(peer));
    MUST(close(c.epfd));
    return report(useless > 200 || received < ANSWER, "received %zu KiB, deliveries in vain: %ld", received >> 10,
                  useless);
}
