/* Writes until EAGAIN, and drops the rest then. The peer reads later, the socket has room again,
 * and the program does not write: the loop in many an introduction to epoll does that.
 *
 * Right: what could not be written is kept, and written when the socket says EPOLLOUT.
 * Edge-triggered, both interests may stay on: an edge comes when there is room again, and only
 * then.
 *
 * expect: lost-write
 * shows: loses
 */
#include "reader.h"

static char bytes[ANSWER];

#ifndef RIGHT
static void answer(int fd)
{
    size_t sent = 0;
    while (sent < sizeof(bytes)) {
        ssize_t size = send(fd, bytes + sent, sizeof(bytes) - sent, MSG_NOSIGNAL); /* finding */
        if (size == -1)
            break;
        sent += (size_t)size;
    }
}
#else
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
#endif

int main(void)
{
    int fd, epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    struct reader reader = {.late_ms = 200};
    connect_pair(&fd, &reader.fd);
#ifndef RIGHT
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = fd};
#else
    struct epoll_event interest = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.fd = fd};
    size_t sent = 0, total = 0;
#endif
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest));
    pthread_t thread = start_reader(&reader);

    int64_t end = in_ms(RUN_MS);
    for (int ms; (ms = ms_until(end)) > 0;) {
        struct epoll_event event;
        char request;
        if (DELIVERED(epoll_wait(epfd, &event, 1, ms)) == 0)
            continue;
#ifndef RIGHT
        if (MUST(read(fd, &request, 1)) == 1)
            answer(fd);
#else
        while (read(fd, &request, 1) == 1)
            total = sizeof(bytes);
        sent = go_on(fd, sent, total);
#endif
    }

    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL));
    MUST(close(fd));
    MUST(close(epfd));
    long lost = lost_by(&reader, thread);
    return report(lost > 0, "bytes lost: %ld", lost);
}
