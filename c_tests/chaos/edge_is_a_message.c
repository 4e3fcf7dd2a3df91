/* Every edge of a pipe is counted as a message, without a look at what is there.
 *
 * fault: edge-repeated
 * verdict: status */
#define OWN_MAIN
#include "server.h"

enum { MESSAGES = 30 };

/* Reads until nothing is left: how much that was. */
static ssize_t drain(int fd, char *bytes, size_t size)
{
    ssize_t all = 0;
    for (ssize_t got = 1; got > 0;)
        all += (got = read(fd, bytes, size)) > 0 ? got : 0;
    return all;
}

int main(void)
{
    int ends[2];
    MUST(pipe2(ends, O_NONBLOCK | O_CLOEXEC));
    epoll = MUST(epoll_create1(EPOLL_CLOEXEC));
    add(epoll, ends[0], EPOLLIN | EPOLLET, NULL);
    int counted = 0;
    for (int message = 0; message < MESSAGES; message++) {
        MUST(write(ends[1], "a", 1));
        struct epoll_event event;
        while (epoll_wait(epoll, &event, 1, 0) == 1) {
#ifndef RIGHT
            counted++;
#endif
        }
        char bytes[MESSAGES];
        ssize_t got = message % 3 == 2 ? drain(ends[0], bytes, sizeof bytes) : 0;
#ifdef RIGHT
        counted += (int)got;
#else
        (void)got;
#endif
    }
    if (counted != MESSAGES)
        fprintf(stderr, "%d messages of %d\n", counted, MESSAGES);
    return counted == MESSAGES ? 0 : 1;
}
