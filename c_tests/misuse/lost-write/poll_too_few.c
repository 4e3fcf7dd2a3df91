/* A worker writes the answer, and waits with poll(2) until it may stop or there is room. It tells poll
 * of one descriptor too few: it is woken when it shall stop, and never for room.
 *
 * Right: poll is told of both. The worker waits for as long as the peer takes, and writes on.
 *
 * expect: lost-write
 * shows: loses
 */
#include "reader.h"

#include <poll.h>

static char bytes[ANSWER];

struct worker {
    int fd, stop;
};

#ifndef RIGHT
enum { WAITS = 1 };
#else
enum { WAITS = 2 };
#endif

static void *answer(void *argument)
{
    const struct worker *worker = argument;
    struct pollfd waits[] = {{.fd = worker->stop, .events = POLLIN},
                             {.fd = worker->fd, .events = POLLOUT}};
    size_t sent = 0;
    while (sent < sizeof(bytes) && (waits[0].revents & POLLIN) == 0) {
        ssize_t size = send(worker->fd, bytes + sent, sizeof(bytes) - sent, MSG_NOSIGNAL); /* finding */
        if (size == -1 && errno == EAGAIN)
            MUST(poll(waits, WAITS, -1));
        else
            sent += (size_t)MUST(size);
    }
    return NULL;
}

int main(void)
{
    int fd, stop[2], epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    struct reader reader = {.late_ms = RUN_MS - 600};
    connect_pair(&fd, &reader.fd);
    connect_pair(&stop[0], &stop[1]);
    struct worker worker = {.fd = fd, .stop = stop[0]};
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = fd};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest));
    pthread_t thread = start_reader(&reader), working;
    bool is_asked = answer_in_worker(epfd, fd, &working, answer, &worker);
#ifndef RIGHT
    tell(stop[1], "!");
#endif
    if (is_asked)
        pthread_join(working, NULL);
    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL));
    MUST(close(fd));
    MUST(close(epfd));
    long lost = lost_by(&reader, thread);
    return report(lost > 0, "bytes lost: %ld", lost);
}
