/* With the system's own structure all 64 bits of data come back as they were given.
 *
 * expect: nothing
 */
#include "binding.h"

enum { GENERATION = 7 };

int main(void)
{
    struct pipes pipes;
    int epfd = MUST(epoll_create1(EPOLL_CLOEXEC)), recognised = 0, unknown = 0;
    open_pipes(&pipes);
    for (int i = 0; i < PIPES; i++) {
        struct epoll_event interest = {.events = EPOLLIN | EPOLLONESHOT};
        interest.data.u64 = (uint64_t)GENERATION << 32 | (uint64_t)pipes.read[i];
        MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, pipes.read[i], &interest));
    }

    for (int i = 0; i < PIPES; i++) {
        struct epoll_event event;
        MUST(write(pipes.write[i], "x", 1));
        if (DELIVERED(epoll_wait(epfd, &event, 1, 5000)) == 0)
            continue;
        if (event.data.u64 >> 32 == GENERATION && find_pipe(&pipes, (uint32_t)event.data.u64) == i)
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
