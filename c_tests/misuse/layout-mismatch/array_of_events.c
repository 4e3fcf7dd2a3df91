/* Declares the structure by the manual page, which does not say that it is packed on x86-64. With
 * one event at a time it seems to work. The second event of a wait lies elsewhere than the binding
 * looks: another descriptor's bits, or none.
 *
 * Right: uses the system's own structure. A binding that cannot must ask the C compiler for its
 * layout.
 *
 * expect: layout-mismatch
 * after: https://github.com/dlang/druntime/pull/754
 * pitfall: assuming portability
 * shows: loses
 */
#include "binding.h"

int main(void)
{
    struct pipes pipes;
    int epfd = MUST(epoll_create1(EPOLL_CLOEXEC)), recognised = 0, unknown = 0;
    bool seen[PIPES] = {false};
    open_pipes(&pipes);
    for (int i = 0; i < PIPES; i++) {
#ifndef RIGHT
        union events interest;
        memset(&interest, 0, sizeof(interest));
        interest.wrong[0].events = EPOLLIN;
        interest.wrong[0].data = (uint64_t)pipes.read[i];
        MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, pipes.read[i], interest.real)); /* finding */
#else
        struct epoll_event interest = {.events = EPOLLIN, .data.u64 = (uint64_t)pipes.read[i]};
        MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, pipes.read[i], &interest));
#endif
        MUST(write(pipes.write[i], "x", 1));
    }

#ifndef RIGHT
    union events events;
    memset(&events, 0, sizeof(events));
    int count = DELIVERED(epoll_wait(epfd, events.real, PIPES, 1000));
#else
    struct epoll_event events[PIPES];
    int count = DELIVERED(epoll_wait(epfd, events, PIPES, 5000));
#endif
    for (int i = 0; i < count; i++) {
#ifndef RIGHT
        uint32_t ready = events.wrong[i].events;
        uint64_t data = events.wrong[i].data;
#else
        uint32_t ready = events[i].events;
        uint64_t data = events[i].data.u64;
#endif
        int which = find_pipe(&pipes, data);
        if (which == -1 || !(ready & EPOLLIN) || seen[which]) {
            unknown++;
        } else {
            seen[which] = true;
            recognised++;
        }
    }
    sleep_until(in_ms(500)); /* the report says what is open */

    for (int i = 0; i < PIPES; i++)
        MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, pipes.read[i], NULL));
    close_pipes(&pipes);
    MUST(close(epfd));
    return report(recognised < PIPES, "recognised %d of %d, unknown: %d", recognised, PIPES,
                  unknown);
}
