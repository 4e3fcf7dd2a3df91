/* A worker writes the answer, and waits with select(2) when there is no room. It hands its set over in
 * the wrong place: select waits for input.
 *
 * Right: the set is the second one. The worker waits for as long as the peer takes, and writes on.
 *
 * expect: lost-write
 * shows: loses
 */
#include "reader.h"

#include <sys/select.h>

static char bytes[ANSWER];

static void *answer(void *argument)
{
    int fd = *(const int *)argument;
    size_t sent = 0;
    while (sent < sizeof(bytes)) {
        ssize_t size = send(fd, bytes + sent, sizeof(bytes) - sent, MSG_NOSIGNAL); /* finding */
        if (size == -1 && errno == EAGAIN) {
            fd_set set;
            FD_ZERO(&set);
            FD_SET(fd, &set);
#ifndef RIGHT
            if (MUST(select(fd + 1, &set, NULL, NULL, NULL)) == 1)
                break; /* the peer has closed, or says something */
#else
            MUST(select(fd + 1, NULL, &set, NULL, NULL));
#endif
        } else {
            sent += (size_t)MUST(size);
        }
    }
    return NULL;
}

int main(void)
{
    int fd, epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    struct reader reader = {.late_ms = RUN_MS - 600};
    connect_pair(&fd, &reader.fd);
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = fd};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest));
    pthread_t thread = start_reader(&reader), working;
    bool is_asked = answer_in_worker(epfd, fd, &working, answer, &fd);
#ifndef RIGHT
    MUST(shutdown(reader.fd, SHUT_WR));
#endif
    if (is_asked)
        pthread_join(working, NULL);
    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL));
    MUST(close(fd));
    MUST(close(epfd));
    long lost = lost_by(&reader, thread);
    return report(lost > 0, "bytes lost: %ld", lost);
}
