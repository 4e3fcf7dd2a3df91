/* Takes it for granted that a write takes all of it. A socket that does not block takes what there
 * is room for, and says so; the rest is gone.
 *
 * expect: lost-write
 * shows: loses
 */
#include "reader.h"

static void answer(int fd)
{
    static char bytes[ANSWER];
    MUST(send(fd, bytes, sizeof(bytes), MSG_NOSIGNAL)); /* finding */
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
