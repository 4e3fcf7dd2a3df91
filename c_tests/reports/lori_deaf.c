/* A relay sends more than its client takes, and asks for EPOLLOUT, one-shot. When that comes alone and the rest is
 * written it returns: only the reading path re-arms. What the client sends from then on is never received.
 *
 * Right: an event for writing alone re-arms reading too.
 *
 * expect: oneshot-not-rearmed
 * after: https://github.com/ponylang/lori/pull/295
 * shows: hangs
 */
#include "../misuse/loop.h"

enum { RELAYED = 1 << 20 };

static char bytes[RELAYED];

struct connection {
    int epfd, fd, received;
    size_t sent;
};

static void subscribe(struct connection *c, uint32_t events)
{
    struct epoll_event interest = {.events = events | EPOLLRDHUP | EPOLLONESHOT, .data.ptr = c};
    MUST(epoll_ctl(c->epfd, EPOLL_CTL_MOD, c->fd, &interest));
}

static void send_pending(struct connection *c)
{
    while (c->sent < RELAYED) {
        ssize_t size = send(c->fd, bytes + c->sent, RELAYED - c->sent, MSG_NOSIGNAL);
        if (size == -1 && errno == EAGAIN) {
            subscribe(c, EPOLLIN | EPOLLOUT);
            return;
        }
        c->sent += (size_t)MUST(size);
    }
}

static void receive_pending(struct connection *c)
{
    char buffer[16];
    for (ssize_t size; (size = read(c->fd, buffer, sizeof(buffer))) != 0;) {
        if (size == -1 && errno == EAGAIN)
            break;
        MUST(size);
        c->received++;
    }
    subscribe(c, EPOLLIN);
}

int main(void)
{
    static char taken[RELAYED];
    int peer;
    bool has_answered = false;
    struct connection c = {.epfd = MUST(epoll_create1(EPOLL_CLOEXEC))};
    connect_pair(&c.fd, &peer);
    struct epoll_event event, interest = {.events = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT, .data.ptr = &c};
    MUST(epoll_ctl(c.epfd, EPOLL_CTL_ADD, c.fd, &interest)); /* finding */
    send_pending(&c);

    int64_t end = in_ms(7000);
    for (int ms; c.received == 0 && (ms = ms_until(end)) > 0;) {
        while (recv(peer, taken, sizeof(taken), MSG_DONTWAIT) > 0)
            ;
        if (c.sent == RELAYED && !has_answered) {
            tell(peer, "thank you");
            has_answered = true;
        }
        if (DELIVERED(epoll_wait(c.epfd, &event, 1, ms)) == 0)
            continue;
        if (event.events & EPOLLOUT)
            send_pending(&c);
        if (event.events & EPOLLIN)
            receive_pending(&c);
#ifdef RIGHT
        else if (c.sent == RELAYED)
            subscribe(&c, EPOLLIN);
#endif
    }

    MUST(close(c.fd));
    MUST(close(peer));
    MUST(close(c.epfd));
    return report(c.received == 0, "sent %d KiB, received %d of 1", (int)(c.sent >> 10), c.received);
}
