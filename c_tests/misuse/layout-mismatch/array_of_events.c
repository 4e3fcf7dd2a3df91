/* Declares the structure by the manual page, which does not say that it is packed on x86-64. With
 * one event at a time it seems to work. The second event of a wait lies elsewhere than the binding
 * looks: another descriptor's bits, or none.
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
        union events interest;
        memset(&interest, 0, sizeof(interest));
        interest.wrong[0].events = EPOLLIN;
        interest.wrong[0].data = (uint64_t)pipes.read[i];
        MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, pipes.read[i], interest.real)); /* finding */
        MUST(write(pipes.write[i], "x", 1));
    }

    union events events;
    memset(&events, 0, sizeof(events));
    int count = DELIVERED(epoll_wait(epfd, events.real, PIPES, 1000));
    for (int i = 0; i < count; i++) {
        int which = find_pipe(&pipes, events.wrong[i].data);
        if (which == -1 || !(events.wrong[i].events & EPOLLIN) || seen[which]) {
            unknown++;
        } else {
            seen[which] = true;
            recognised++;
        }
    }

    for (int i = 0; i < PIPES; i++)
        MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, pipes.read[i], NULL));
    close_pipes(&pipes);
    MUST(close(epfd));
    return report(recognised < PIPES, "recognised %d of %d, unknown: %d", recognised, PIPES,
                  unknown);
}
