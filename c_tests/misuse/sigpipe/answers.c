/* A server that answers with write, and SIGPIPE is at its default. The client has left with a reset: the first
 * write is told so, the next one ends the program.
 *
 * Right: SIGPIPE is ignored, and write returns EPIPE.
 *
 * expect: sigpipe
 * after: https://github.com/microsoft/msquic/pull/5017
 * shows: error
 */
#include "client.h"

static ssize_t answer(int fd)
{
    return write(fd, "an answer", 9); /* finding */
}

int main(void)
{
#ifdef RIGHT
    signal(SIGPIPE, SIG_IGN);
#endif
    int fd = connect_and_leave(), epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    struct epoll_event event, interest = {.events = EPOLLOUT, .data.fd = fd};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest));
    wait_for_reset(fd);
    while (DELIVERED(epoll_wait(epfd, &event, 1, -1)) == 0)
        ;

    bool failed = answer(fd) == -1;
    bool ended = is_ended_by(answer, fd);

    MUST(close(fd));
    MUST(close(epfd));
    return report(ended, "the first write failed: %d, the next one ended the program: %d", failed,
                  ended);
}
