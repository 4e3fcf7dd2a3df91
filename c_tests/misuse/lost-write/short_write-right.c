/* A short write is where the socket was full: the rest waits for EPOLLOUT, which is asked for until
 * it is written.
 *
 * expect: nothing
 */
#include "reader.h"

static char bytes[ANSWER];

static size_t write_some(int fd, size_t sent, size_t total)
{
    ssize_t size = send(fd, bytes + sent, total - sent, MSG_NOSIGNAL);
    if (size == -1 && errno == EAGAIN)
        return sent;
    return sent + (size_t)MUST(size);
}

int main(void)
{
    int fd, epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    struct reader reader = {.received = 0};
    connect_pair(&fd, &reader.fd);
    size_t sent = 0, total = 0;
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = fd};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest));
    pthread_t thread = start_reader(&reader);

    int64_t end = in_ms(RUN_MS);
    for (int ms; (ms = ms_until(end)) > 0;) {
        struct epoll_event event;
        char request;
        if (DELIVERED(epoll_wait(epfd, &event, 1, ms)) == 0)
            continue;
        if (event.events & EPOLLIN && MUST(read(fd, &request, 1)) == 1)
            total = sizeof(bytes);
        if (sent < total)
            sent = write_some(fd, sent, total);
        uint32_t wanted = sent < total ? EPOLLIN | EPOLLOUT : EPOLLIN;
        if (wanted != interest.events) {
            interest.events = wanted;
            MUST(epoll_ctl(epfd, EPOLL_CTL_MOD, fd, &interest));
        }
    }

    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL));
    MUST(close(fd));
    MUST(close(epfd));
    long lost = lost_by(&reader, thread);
    return report(lost > 0, "bytes lost: %ld", lost);
}
