/* What could not be written is kept, and written when the socket says EPOLLOUT. Edge-triggered,
 * both interests may stay on: an edge comes when there is room again, and only then.
 *
 * expect: nothing
 */
#include "reader.h"

static char bytes[ANSWER];

/* Writes what can be written; returns how much of the answer is sent by now. */
static size_t go_on(int fd, size_t sent, size_t total)
{
    while (sent < total) {
        ssize_t size = send(fd, bytes + sent, total - sent, MSG_NOSIGNAL);
        if (size == -1 && errno == EAGAIN)
            break;
        sent += (size_t)MUST(size);
    }
    return sent;
}

int main(void)
{
    int fd, epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    struct reader reader = {.received = 0};
    connect_pair(&fd, &reader.fd);
    size_t sent = 0, total = 0;
    struct epoll_event interest = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.fd = fd};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest));
    pthread_t thread = start_reader(&reader);

    int64_t end = in_ms(RUN_MS);
    for (int ms; (ms = ms_until(end)) > 0;) {
        struct epoll_event event;
        char request;
        if (DELIVERED(epoll_wait(epfd, &event, 1, ms)) == 0)
            continue;
        while (read(fd, &request, 1) == 1)
            total = sizeof(bytes);
        sent = go_on(fd, sent, total);
    }

    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL));
    MUST(close(fd));
    MUST(close(epfd));
    long lost = lost_by(&reader, thread);
    return report(lost > 0, "bytes lost: %ld", lost);
}
