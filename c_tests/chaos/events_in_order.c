/* Two pipes are written one after the other, and added in that order: their events are expected in it too.
 *
 * fault: wait-reordered
 * verdict: status */
#define OWN_MAIN
#include "server.h"

enum { ROUNDS = 20 };

int main(void)
{
    int first[2], second[2];
    MUST(pipe2(first, O_NONBLOCK | O_CLOEXEC));
    MUST(pipe2(second, O_NONBLOCK | O_CLOEXEC));
    epoll = MUST(epoll_create1(EPOLL_CLOEXEC));
    add(epoll, first[0], EPOLLIN, first);
    add(epoll, second[0], EPOLLIN, second);
    for (int round = 0; round < ROUNDS; round++) {
        MUST(write(first[1], "a", 1));
        MUST(write(second[1], "b", 1));
        bool has_first = false;
        for (int seen = 0; seen < 2;) {
            struct epoll_event events[4];
            int count = epoll_wait(epoll, events, 4, -1);
            for (int i = 0; i < count; i++, seen++) {
                char byte;
                bool is_first = events[i].data.ptr == first;
                MUST(read(is_first ? first[0] : second[0], &byte, 1));
#ifndef RIGHT
                if (!is_first && !has_first && count == 2) {
                    fprintf(stderr, "round %d: the second before the first\n", round);
                    return 1;
                }
#endif
                has_first |= is_first;
            }
        }
    }
    return 0;
}
