/* An edge-triggered connection writes 16 times at most for an event. The flush that is to go on then ends early,
 * because the flag "waits for the socket to become writable" is set still; the socket is writable all the time, and
 * no edge comes.
 *
 * Right: the flag is taken back when the quantum ends, and the flush goes on.
 *
 * expect: nothing
 * after: https://github.com/netty/netty/pull/7730
 * shows: hangs
 */
#include "receiver.h"

enum { ANSWER = 8 << 20, CHUNK = 4096, QUANTUM = 16, RUN_MS = 2500 };

static char answer[ANSWER];

struct connection {
    int fd;
    size_t written;
    bool waits_for_room, has_flush;
};

static void do_write(struct connection *c, int most)
{
    for (int i = 0; i < most && c->written < ANSWER; i++) {
        size_t left = ANSWER - c->written;
        ssize_t size = send(c->fd, answer + c->written, left < CHUNK ? left : CHUNK, MSG_NOSIGNAL); /* finding */
        if (size == -1 && errno == EAGAIN) {
            c->waits_for_room = true;
            return;
        }
        c->written += (size_t)MUST(size);
    }
#ifdef RIGHT
    c->waits_for_room = false;
#endif
    c->has_flush = c->written < ANSWER;
}

static void flush(struct connection *c)
{
    c->has_flush = false;
    if (!c->waits_for_room)
        do_write(c, QUANTUM);
}

int main(void)
{
    struct sockaddr_in address;
    int listener = listen_on_loopback(0, &address);
    struct receiver client = {.fd = connect_to(&address), .late_ms = 300};
    int epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    struct connection c = {.fd = MUST(accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK))};
    struct epoll_event event, interest = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = &c};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, c.fd, &interest));
    pthread_t thread = start_receiver(&client);

    int64_t end = in_ms(RUN_MS);
    for (int ms; (ms = ms_until(end)) > 0;) {
        int count = DELIVERED(epoll_wait(epfd, &event, 1, c.has_flush ? 0 : ms));
        if (count > 0 && event.events & EPOLLOUT)
            do_write(&c, c.written == 0 ? ANSWER : QUANTUM);
        else if (c.has_flush)
            flush(&c);
    }

    size_t total = received_by(&client, thread);
    MUST(close(c.fd));
    MUST(close(listener));
    MUST(close(epfd));
    return report(total < ANSWER, "received %zu of %d MiB", total >> 20, ANSWER >> 20);
}
