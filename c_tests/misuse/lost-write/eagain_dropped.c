/* Writes until EAGAIN, and drops the rest then. The peer reads later, the socket has room again,
 * and nobody writes: the loop in many an introduction to epoll does that.
 *
 * expect: lost-write
 * shows: loses
 */
#include "reader.h"

static void answer(int fd)
{
    static char bytes[ANSWER];
    size_t sent = 0;
    while (sent < sizeof(bytes)) {
        ssize_t size = send(fd, bytes + sent, sizeof(bytes) - sent, MSG_NOSIGNAL); /* finding */
        if (size == -1)
            break;
        sent += (size_t)size;
    }
}

int main(void)
{
    int fd, epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    struct reader reader = {.received = 0};
    connect_pair(&fd, &reader.fd);
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = fd};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest));
    pthread_t thread = start_reader(&reader);

    int64_t end = in_ms(RUN_MS);
    for (int ms; (ms = ms_until(end)) > 0;) {
        struct epoll_event event;
        char request;
        if (DELIVERED(epoll_wait(epfd, &event, 1, ms)) == 1 && MUST(read(fd, &request, 1)) == 1)
            answer(fd);
    }

    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL));
    MUST(close(fd));
    MUST(close(epfd));
    long lost = lost_by(&reader, thread);
    return report(lost > 0, "bytes lost: %ld", lost);
}
