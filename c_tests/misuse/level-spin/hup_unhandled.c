/* Reads when EPOLLIN is set and does nothing otherwise. When the writer of the pipe has gone and
 * everything is read, the kernel reports EPOLLHUP alone: it cannot be masked off, and the loop runs
 * wild.
 *
 * Right: after any report the pipe is read; at its end the registration and the descriptor go.
 *
 * expect: level-spin
 * after: https://github.com/nim-lang/Nim/pull/1990
 * shows: spins
 */
#include "../loop.h"

int main(void)
{
    int pipes[2], epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    long received = 0, useless = 0;
    bool open = true;
    MUST(pipe2(pipes, O_CLOEXEC | O_NONBLOCK));
    MUST(write(pipes[1], "hello", 5));
    MUST(close(pipes[1]));
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = pipes[0]};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, pipes[0], &interest));

    int64_t end = in_ms(2000);
    for (int ms; open && (ms = ms_until(end)) > 0;) {
        struct epoll_event events[8];
        int count = DELIVERED(epoll_wait(epfd, events, 8, ms)); /* finding */
        for (int i = 0; i < count; i++) {
            char buffer[64];
#ifndef RIGHT
            if (events[i].events & EPOLLIN)
                received += MUST(read(events[i].data.fd, buffer, sizeof(buffer)));
            else
                useless++;
#else
            ssize_t size = read(events[i].data.fd, buffer, sizeof(buffer));
            if (size > 0) {
                received += size;
            } else if (size == 0) {
                MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, events[i].data.fd, NULL));
                MUST(close(events[i].data.fd));
                open = false;
            } else {
                useless++;
            }
#endif
        }
    }

    if (open) {
        MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, pipes[0], NULL));
        MUST(close(pipes[0]));
    }
    MUST(close(epfd));
    return report(IS_MISUSE ? useless >= 200 : open || useless > 0,
                  "received %ld of 5, deliveries without progress: %ld", received, useless);
}
