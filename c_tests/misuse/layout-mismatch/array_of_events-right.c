/* Uses the system's own structure. A binding that cannot must ask the C compiler for its layout.
 *
 * expect: nothing
 */
#include "binding.h"

int main(void)
{
    struct pipes pipes;
    int epfd = MUST(epoll_create1(EPOLL_CLOEXEC)), recognised = 0, unknown = 0;
    bool seen[PIPES] = {false};
    open_pipes(&pipes);
    for (int i = 0; i < PIPES; i++) {
        struct epoll_event interest = {.events = EPOLLIN, .data.u64 = (uint64_t)pipes.read[i]};
        MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, pipes.read[i], &interest));
        MUST(write(pipes.write[i], "x", 1));
    }

    struct epoll_event events[PIPES];
    int count = DELIVERED(epoll_wait(epfd, events, PIPES, 5000));
    for (int i = 0; i < count; i++) {
        int which = find_pipe(&pipes, events[i].data.u64);
        if (which == -1 || !(events[i].events & EPOLLIN) || seen[which]) {
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
