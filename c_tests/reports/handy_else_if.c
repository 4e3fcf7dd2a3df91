/* An edge-triggered echo of both directions reads at EPOLLIN, and else writes at EPOLLOUT. When both come at once
 * it only reads: the edge that there is room again is used up, and the rest of the answer is never written.
 *
 * Right: it looks at each direction by itself.
 *
 * expect: nothing
 * after: https://github.com/yedf2/handy/issues/74
 * shows: hangs
 */
#include "../misuse/loop.h"

enum { ANSWER = 1 << 20, RUN_MS = 3000 };

static char answer[ANSWER];

struct connection {
    int fd;
    bool is_asked;
    size_t written;
};

static void handle_write(struct connection *c)
{
    while (c->is_asked && c->written < ANSWER) {
        ssize_t size = send(c->fd, answer + c->written, ANSWER - c->written, MSG_NOSIGNAL);
        if (size == -1 && errno == EAGAIN)
            return;
        c->written += (size_t)MUST(size);
    }
}

static void handle_read(struct connection *c)
{
    char request[64];
    for (;;) {
        ssize_t size = read(c->fd, request, sizeof(request));
        if (size == -1 && errno == EAGAIN)
            return;
        MUST(size);
        if (size == 0)
            return;
        if (request[size - 1] == '\n') {
            c->is_asked = true;
            handle_write(c);
        }
    }
}

/* What the client has received so far. */
static size_t receive(int peer)
{
    static char buffer[1 << 16];
    size_t received = 0;
    for (ssize_t size; (size = recv(peer, buffer, sizeof(buffer), MSG_DONTWAIT)) > 0;)
        received += (size_t)size;
    return received;
}

int main(void)
{
    int peer, epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    size_t received = 0;
    struct connection c = {.fd = -1};
    bool has_begun_next = false;
    connect_pair(&c.fd, &peer);
    struct epoll_event interest = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = &c};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, c.fd, &interest));
    tell(peer, "GET /\n");

    int64_t end = in_ms(RUN_MS);
    for (int ms; (ms = ms_until(end)) > 0 && received < ANSWER;) {
        struct epoll_event event;
        if (DELIVERED(epoll_wait(epfd, &event, 1, ms > 200 ? ms : 200)) == 0)
            break;
        if (event.events & EPOLLIN)
            handle_read(&c);
#ifndef RIGHT
        else if (event.events & EPOLLOUT)
            handle_write(&c);
#else
        if (event.events & EPOLLOUT)
            handle_write(&c);
#endif
        /* The client reads what has come, and begins its next request. */
        received += receive(peer);
        if (!has_begun_next)
            tell(peer, "GET /next");
        has_begun_next = true;
    }

    MUST(close(c.fd));
    MUST(close(peer));
    MUST(close(epfd));
    return report(received < ANSWER, "received %d of %d KiB", (int)(received >> 10), ANSWER >> 10);
}
