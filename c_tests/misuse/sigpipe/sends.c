/* The same with send, without MSG_NOSIGNAL.
 *
 * Right: with it.
 *
 * expect: sigpipe
 * after: https://github.com/yhirose/cpp-httplib/issues/77
 * shows: error
 */
#include "client.h"

static ssize_t answer(int fd)
{
#ifndef RIGHT
    return send(fd, "an answer", 9, 0); /* finding */
#else
    return send(fd, "an answer", 9, MSG_NOSIGNAL);
#endif
}

int main(void)
{
    int fd = connect_and_leave(), epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    struct epoll_event event, interest = {.events = EPOLLIN, .data.fd = fd};
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
