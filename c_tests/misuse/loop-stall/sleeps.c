/* A handler that sleeps before it answers, as one that asks a slow server would. The other client waits for
 * as long.
 *
 * Right: the answer is given when its time has come, and the loop waits meanwhile.
 *
 * expect: loop-stall
 * after: https://github.com/NodeppOfficial/nodepp/issues/31
 * shows: blocks
 */
#include "handlers.h"

int main(void)
{
    int fds[2], peers[2], epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    int64_t start = now_ns(), second = 0, due = 0;
    connect_two(epfd, fds, peers);

    for (int left = 2; left > 0;) {
        struct epoll_event event;
        char byte;
        int timeout = due == 0 ? -1 : ms_until(due);
        if (DELIVERED(epoll_wait(epfd, &event, 1, timeout)) == 0) {
            left -= due != 0 && now_ns() >= due;
            continue;
        }
        MUST(read(event.data.fd, &byte, 1));
        if (event.data.fd == fds[0]) {
#ifndef RIGHT
            struct timespec pause = {LONG_MS / 1000, LONG_MS % 1000 * 1000000L};
            nanosleep(&pause, NULL); /* finding */
            left--;
#else
            due = in_ms(LONG_MS);
#endif
        } else {
            second = now_ns();
            left--;
        }
    }

    int waited = (int)((second - start) / 1000000);
    close_two(epfd, fds, peers);
    return report(waited > LONG_MS / 2, "the second client waited for %d ms", waited);
}
