/* Takes it for granted that a write takes all of it. A socket that does not block takes what there
 * is room for, and says so; the rest is gone.
 *
 * Right: a short write is where the socket was full. The rest waits for EPOLLOUT, which is asked
 * for until it is written.
 *
 * expect: lost-write
 * shows: loses
 */
#include "reader.h"

static char bytes[ANSWER];

#ifndef RIGHT
static void answer(int fd)
{
    MUST(send(fd, bytes, sizeof(bytes), MSG_NOSIGNAL)); /* finding */
}
#else
static size_t write_some(int fd, size_t sent, size_t total)
{
    ssize_t size = send(fd, bytes + sent, total - sent, MSG_NOSIGNAL);
    if (size == -1 && errno == EAGAIN)
        return sent;
    return sent + (size_t)MUST(size);
}
#endif

int main(void)
{
    int fd, epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    struct reader reader = {.late_ms = 200};
    connect_pair(&fd, &reader.fd);
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = fd};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest));
#ifdef RIGHT
    size_t sent = 0, total = 0;
#endif
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
        if (event.events & EPOLLIN && MUST(read(fd, &request, 1)) == 1)
            total = sizeof(bytes);
        if (sent < total)
            sent = write_some(fd, sent, total);
        uint32_t wanted = sent < total ? EPOLLIN | EPOLLOUT : EPOLLIN;
        if (wanted != interest.events) {
            interest.events = wanted;
            MUST(epoll_ctl(epfd, EPOLL_CTL_MOD, fd, &interest));
        }
#endif
    }

    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL));
    MUST(close(fd));
    MUST(close(epfd));
    long lost = lost_by(&reader, thread);
    return report(lost > 0, "bytes lost: %ld", lost);
}
