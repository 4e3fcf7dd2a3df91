/* Two pipes have something to read: a wait is expected to deliver both.
 *
 * fault: wait-fewer
 * verdict: status */
#define OWN_MAIN
#include "server.h"

enum { ROUNDS = 20 };

int main(void)
{
    int pipes[2][2];
    epoll = MUST(epoll_create1(EPOLL_CLOEXEC));
    for (int i = 0; i < 2; i++) {
        MUST(pipe2(pipes[i], O_NONBLOCK | O_CLOEXEC));
        add(epoll, pipes[i][0], EPOLLIN, pipes[i]);
    }
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < 2; i++)
            MUST(write(pipes[i][1], "a", 1));
        for (int seen = 0; seen < 2;) {
            struct epoll_event events[4];
            int count = epoll_wait(epoll, events, 4, -1);
#ifndef RIGHT
            if (count == 1) {
                fprintf(stderr, "round %d: one of two\n", round);
                return 1;
            }
#endif
            for (int i = 0; i < count; i++, seen++) {
                char byte;
                MUST(read(*(int *)events[i].data.ptr, &byte, 1));
            }
        }
    }
    return 0;
}
