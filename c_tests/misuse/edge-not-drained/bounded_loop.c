/* Reads at most four times for each edge, so that no connection starves the others, and then
 * forgets that it had not reached EAGAIN.
 *
 * Right: reads at most four times in a turn, and remembers which connections have not reached
 * EAGAIN. As long as there is one, the wait only looks for news, and every one of them gets its
 * next turn.
 *
 * expect: edge-not-drained
 * after: https://github.com/vibe-d/eventcore/pull/20
 * shows: hangs
 */
#include "../loop.h"

#include <sys/ioctl.h>

enum { CONNECTIONS = 2, READS = 4 };

#ifdef RIGHT
/* Whether there may be more: EAGAIN was not reached. */
static bool take_turn(int fd)
{
    char buffer[4];
    for (int reads = 0; reads < READS; reads++)
        if (read(fd, buffer, sizeof(buffer)) <= 0)
            return false;
    return true;
}
#endif

int main(void)
{
    int fds[CONNECTIONS], peers[CONNECTIONS], total = 0;
    int epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    for (int i = 0; i < CONNECTIONS; i++) {
        connect_pair(&fds[i], &peers[i]);
        struct epoll_event interest = {.events = EPOLLIN | EPOLLET, .data.u32 = (uint32_t)i};
        MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fds[i], &interest));
        tell(peers[i], "thirty-two bytes for each of us!");
    }

#ifdef RIGHT
    bool readable[CONNECTIONS] = {false}, unfinished = false;
#endif
    int64_t end = in_ms(2500);
    for (int ms; (ms = ms_until(end)) > 0;) {
        struct epoll_event events[8];
#ifndef RIGHT
        int count = DELIVERED(epoll_wait(epfd, events, 8, ms));
        for (int i = 0; i < count; i++) {
            char buffer[4];
            for (int reads = 0; reads < READS; reads++)
                if (read(fds[events[i].data.u32], buffer, sizeof(buffer)) <= 0) /* finding */
                    break;
        }
#else
        int count = DELIVERED(epoll_wait(epfd, events, 8, unfinished ? 0 : ms));
        for (int i = 0; i < count; i++)
            readable[events[i].data.u32] = true;
        unfinished = false;
        for (int i = 0; i < CONNECTIONS; i++) {
            if (readable[i])
                readable[i] = take_turn(fds[i]);
            unfinished |= readable[i];
        }
#endif
    }

    for (int i = 0; i < CONNECTIONS; i++) {
        int left = 0;
        MUST(ioctl(fds[i], FIONREAD, &left));
        total += left;
        MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, fds[i], NULL));
        MUST(close(fds[i]));
        MUST(close(peers[i]));
    }
    MUST(close(epfd));
    return report(total > 0, "bytes left: %d", total);
}
