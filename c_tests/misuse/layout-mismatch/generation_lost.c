/* The same wrong structure, one event at a time, with the number of the descriptor in the lower
 * half of data and a generation in the upper, to tell old events from new. Half of data does not
 * survive the way through the kernel: every event seems to be an old one.
 *
 * Right: with the system's own structure all 64 bits of data come back as they were given.
 *
 * expect: layout-mismatch
 * after: https://github.com/odin-lang/Odin/pull/5837
 * shows: loses
 */
#include "binding.h"

enum { GENERATION = 7 };

int main(void)
{
    struct pipes pipes;
    int epfd = MUST(epoll_create1(EPOLL_CLOEXEC)), recognised = 0, unknown = 0;
    open_pipes(&pipes);
    for (int i = 0; i < PIPES; i++) {
        uint64_t key = (uint64_t)GENERATION << 32 | (uint64_t)pipes.read[i];
#ifndef RIGHT
        union events interest;
        memset(&interest, 0, sizeof(interest));
        interest.wrong[0].events = EPOLLIN | EPOLLONESHOT;
        interest.wrong[0].data = key;
        MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, pipes.read[i], interest.real)); /* finding */
#else
        struct epoll_event interest = {.events = EPOLLIN | EPOLLONESHOT, .data.u64 = key};
        MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, pipes.read[i], &interest));
#endif
    }

    for (int i = 0; i < PIPES; i++) {
        MUST(write(pipes.write[i], "x", 1));
#ifndef RIGHT
        union events event;
        memset(&event, 0, sizeof(event));
        if (DELIVERED(epoll_wait(epfd, event.real, 1, 1000)) == 0)
            continue;
        uint64_t data = event.wrong[0].data;
#else
        struct epoll_event event;
        if (DELIVERED(epoll_wait(epfd, &event, 1, 5000)) == 0)
            continue;
        uint64_t data = event.data.u64;
#endif
        if (data >> 32 == GENERATION && find_pipe(&pipes, (uint32_t)data) == i)
            recognised++;
        else
            unknown++;
    }

    for (int i = 0; i < PIPES; i++)
        MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, pipes.read[i], NULL));
    close_pipes(&pipes);
    MUST(close(epfd));
    return report(recognised < PIPES, "recognised %d of %d, unknown: %d", recognised, PIPES,
                  unknown);
}
