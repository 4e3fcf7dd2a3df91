/* For each message the handler writes a byte to the pipe by which other threads wake the loop, and the loop reads it
 * when it is back. With many messages at once the pipe is full, and the loop sleeps in write for ever: only the loop
 * itself could read.
 *
 * Right: the pipe does not block, and a full pipe says enough.
 *
 * expect: loop-stall
 * after: https://github.com/loveyacper/ananas/pull/4
 * shows: hangs
 */
#include "forever.h"

enum { MESSAGES = 5000, PAGE = 4096 };

int main(void)
{
    static char messages[MESSAGES];
    int wake[2], fd, peer, epfd = MUST(epoll_create1(EPOLL_CLOEXEC)), handled = 0;
    connect_pair(&fd, &peer);
#ifndef RIGHT
    MUST(pipe2(wake, O_CLOEXEC));
#else
    MUST(pipe2(wake, O_CLOEXEC | O_NONBLOCK));
#endif
    MUST(fcntl(wake[1], F_SETPIPE_SZ, PAGE));
    int all[] = {fd, wake[0]};
    for (int i = 0; i < 2; i++) {
        struct epoll_event interest = {.events = EPOLLIN, .data.fd = all[i]};
        MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, all[i], &interest));
    }
    end_later("the loop wrote to its own pipe, and slept");
    if (write(peer, messages, sizeof(messages)) != sizeof(messages))
        exit(1);

    while (handled < MESSAGES) {
        struct epoll_event event;
        char some[MESSAGES];
        if (DELIVERED(epoll_wait(epfd, &event, 1, -1)) == 0)
            continue;
        ssize_t count = MUST(read(event.data.fd, some, sizeof(some)));
        for (ssize_t i = 0; event.data.fd == fd && i < count; i++, handled++)
            if (write(wake[1], "", 1) == -1 && errno != EAGAIN) /* finding */
                exit(1);
    }

    MUST(close(fd));
    MUST(close(peer));
    MUST(close(wake[0]));
    MUST(close(wake[1]));
    MUST(close(epfd));
    return report(handled != MESSAGES, "handled %d messages", handled);
}
