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
#include "../misuse/loop.h"

#include <pthread.h>

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

/* Begins to read when the server has filled the way, and reads until nothing has come for a second. */
static void *receive(void *argument)
{
    static char buffer[1 << 16];
    int client = *(int *)argument;
    struct timeval second = {.tv_sec = 1};
    MUST(setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second)));
    size_t *received = calloc(1, sizeof(*received));
    sleep_until(in_ms(300));
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
    int epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    struct connection c = {.fd = MUST(accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK))};
    struct epoll_event event, interest = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = &c};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, c.fd, &interest));
    if (pthread_create(&thread, NULL, receive, &client) != 0)
        exit(1);

    int64_t end = in_ms(RUN_MS);
    for (int ms; (ms = ms_until(end)) > 0;) {
        int count = DELIVERED(epoll_wait(epfd, &event, 1, c.has_flush ? 0 : ms));
        if (count > 0 && event.events & EPOLLOUT)
            do_write(&c, c.written == 0 ? ANSWER : QUANTUM);
        else if (c.has_flush)
            flush(&c);
    }

    if (pthread_join(thread, &received) != 0)
        exit(1);
    size_t total = *(size_t *)received;
    free(received);
    MUST(close(c.fd));
    MUST(close(client));
    MUST(close(listener));
    MUST(close(epfd));
    return report(total < ANSWER, "received %zu of %d MiB", total >> 20, ANSWER >> 20);
}
